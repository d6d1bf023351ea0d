use super::{Item, ItemRef, ItemWriter};

impl Item {
    /// Without attributes.
    pub fn empty() -> Self {
        ItemWriter::with_capacity(0).finish()
    }
}

impl ItemRef<'_> {
    pub fn to_item(self) -> Item {
        Item::from_bytes(self.as_bytes().to_vec())
    }
}
