use crate::streams::Kept;
use bytes::Bytes;
use http::{Response, response};
use http_body_util::BodyExt;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// What a guest answered.
#[derive(Debug)]
pub enum Answer {
    /// What a command wrote to its standard output.
    Output(Bytes),
    Response(Response<Bytes>),
    /// It had so many bytes, more than are kept.
    TooLarge(u64),
}

impl Answer {
    pub(crate) fn of_output(output: &Kept) -> Answer {
        output.take().map_or_else(Answer::TooLarge, Answer::Output)
    }

    /// Takes a response's body to its end.
    ///
    /// # Errors
    /// The guest broke it off.
    pub(crate) async fn of_response(
        response: Response<HyperOutgoingBody>,
        bytes_max: usize,
    ) -> Result<Answer, String> {
        let (parts, mut body): (response::Parts, _) = response.into_parts();
        let kept = Kept::new(bytes_max);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("the response's body broke off: {error:?}"))?;
            // Trailers have no place in an answer.
            if let Some(data) = frame.data_ref() {
                kept.push(data);
            }
        }
        Ok(match kept.take() {
            Ok(body) => Answer::Response(Response::from_parts(parts, body)),
            Err(bytes) => Answer::TooLarge(bytes),
        })
    }
}
