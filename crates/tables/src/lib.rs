//! Tables' data, purely: what an item is, how it is read, compared, selected and changed. Knows no store, no clock, no
//! HTTP, no account.
//!
//! ```text
//! wire JSON ──value::decode_item──▶ Item (stored bytes) ──value::write_item──▶ wire JSON
//!                                     │      ▲
//!          expression::Condition ◀────┤      │ expression::Update
//!          value::Projection     ◀────┤      │
//!          key::KeySchema        ◀────┘ legacy::* ──▶ the same programs
//! ```

pub mod capacity;
mod error;
pub mod expression;
pub mod key;
pub mod legacy;
pub mod number;
pub mod schema;
pub mod value;

pub use error::{Corrupt, Refusal};
