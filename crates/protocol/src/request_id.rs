use base64::{Engine, engine::general_purpose::STANDARD};
use clock::Clock;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::{Dialect, Service};

/// Names one request in its response, in logs and in support tickets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    id: [u8; 16],
    host: [u8; 48],
}

impl RequestId {
    pub fn new(clock: &Clock) -> RequestId {
        let mut request_id = RequestId { id: [0; 16], host: [0; 48] };
        clock.fill_random(&mut request_id.id);
        clock.fill_random(&mut request_id.host);
        // Version and variant bits, so that the text form is a UUID of version 4.
        request_id.id[6] = request_id.id[6] & 0x0f | 0x40;
        request_id.id[8] = request_id.id[8] & 0x3f | 0x80;
        request_id
    }

    /// The bytes of [`RequestId::uuid`].
    pub fn bytes(&self) -> [u8; 16] {
        self.id
    }

    /// The 36 characters every service but S3 writes.
    pub fn uuid(&self) -> String {
        let mut text = String::with_capacity(36);
        for (index, byte) in self.id.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 0xf] {
                text.extend(char::from_digit(digit.into(), 16));
            }
        }
        text
    }

    /// As the service writes it: 16 upper-case hexadecimal digits in S3, a UUID elsewhere.
    pub fn text(&self, service: &Service) -> String {
        match service.dialect {
            Dialect::S3 => hex::encode_upper(self.id.get(8..).unwrap_or_default()),
            Dialect::Standard => self.uuid(),
        }
    }

    /// S3's second id.
    pub fn host_id(&self) -> String {
        STANDARD.encode(self.host)
    }

    /// Sets the headers that carry the id.
    pub fn write(&self, service: &Service, headers: &mut HeaderMap) {
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        match service.dialect {
            Dialect::S3 => {
                set("x-amz-request-id", self.text(service));
                set("x-amz-id-2", self.host_id());
            }
            Dialect::Standard => set("x-amzn-requestid", self.uuid()),
        }
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.uuid())
    }
}
