use access::policy::Context;
use clock::Timestamp;
use protocol::sigv4::{Kind, Presented};

/// What policies may ask of how a request was signed
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signature {
    in_query: bool,
    /// `None`: in Version 2's form, which does not say when.
    signed_at: Option<Timestamp>,
}

impl Signature {
    pub(crate) fn of(presented: &Presented) -> Signature {
        let signed_at = match presented.kind {
            Kind::Header | Kind::Query { .. } => Some(presented.signed_at),
            Kind::QueryV2 { .. } => None,
        };
        Signature { in_query: presented.kind != Kind::Header, signed_at }
    }

    pub(crate) fn describe(self, now: Timestamp, context: &mut Context) {
        context.set("s3:authType", if self.in_query { "REST-QUERY-STRING" } else { "REST-HEADER" });
        context.set("s3:signatureversion", if self.signed_at.is_some() { "AWS4-HMAC-SHA256" } else { "AWS" });
        if let Some(at) = self.signed_at {
            // By a clock that is ahead of ours it was signed now.
            context.set("s3:signatureAge", now.as_ms().saturating_sub(at.as_ms()).max(0).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_was_signed_is_told() {
        let now = Timestamp::from_seconds(1_000_000);
        let check = |in_query, signed_at: Option<i64>, expected: &[(&str, &str)]| {
            let signed_at = signed_at.map(Timestamp::from_seconds);
            let mut context = Context::new();
            Signature { in_query, signed_at }.describe(now, &mut context);
            let expected: Context = expected.iter().copied().collect();
            assert_eq!(format!("{context:?}"), format!("{expected:?}"));
        };
        check(
            true,
            Some(999_990),
            &[
                ("s3:authType", "REST-QUERY-STRING"),
                ("s3:signatureversion", "AWS4-HMAC-SHA256"),
                ("s3:signatureAge", "10000"),
            ],
        );
        check(
            false,
            Some(1_000_100),
            &[
                ("s3:authType", "REST-HEADER"),
                ("s3:signatureversion", "AWS4-HMAC-SHA256"),
                ("s3:signatureAge", "0"),
            ],
        );
        check(true, None, &[("s3:authType", "REST-QUERY-STRING"), ("s3:signatureversion", "AWS")]);
    }
}
