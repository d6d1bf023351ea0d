//! What may be created.

use super::TableId;
use super::index::{Index, IndexKind, IndexStatus, Projected};
use super::record::{Billing, TableClass, TableRecord, Throughput};
use super::scaling::Scaling;
use super::stream::StreamView;
use crate::Refusal;
use crate::key::{KeyAttribute, KeyKind, KeySchema};
use crate::schema::{self, Declaration, DeclaredIndex, IndexProjection, KeyPart};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct CreateTable {
    pub table: TableId,
    pub attributes: Vec<AttributeDefinition>,
    pub key: Vec<KeyElement>,
    pub indexes: Vec<CreateIndex>,
    pub billing: Billing,
    pub deletion_protection: bool,
    pub tags: BTreeMap<String, String>,
    pub class: TableClass,
    pub scaling: Scaling,
    /// `None`: no stream.
    pub stream: Option<StreamView>,
    /// The table's own, as JSON.
    pub policy: Option<String>,
}

#[derive(Debug, Clone)]
pub struct CreateIndex {
    pub name: String,
    pub kind: IndexKind,
    pub key: Vec<KeyElement>,
    pub projected: Projected,
    pub throughput: Option<Throughput>,
    pub scaling: Scaling,
}

/// An attribute of a key, of the table's or of an index's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeDefinition {
    pub name: String,
    #[serde(with = "key_kind")]
    pub kind: KeyKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyElement {
    pub name: String,
    pub role: KeyRole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyRole {
    /// `HASH`
    Partition,
    /// `RANGE`
    Sort,
}

impl CreateTable {
    /// # Errors
    /// `Validation`, in the service's words.
    pub fn check(&self) -> Result<(), Refusal> {
        let indexes = self.indexes.iter().cloned().map(|index| index.into_index(0, IndexStatus::Active));
        let indexes: Vec<Index> = indexes.collect();
        check(&self.table, &self.attributes, &self.key, &indexes, self.billing)
    }
}

impl TableRecord {
    /// Whether what the record says holds together, as [`CreateTable::check`] has it.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn check(&self, id: &TableId) -> Result<(), Refusal> {
        check(id, &self.attributes, &self.key, &self.indexes, self.billing)
    }
}

fn check(
    id: &TableId,
    attributes: &[AttributeDefinition],
    key: &[KeyElement],
    indexes: &[Index],
    billing: Billing,
) -> Result<(), Refusal> {
    let of_kind = |kind| {
        let indexes = indexes.iter().filter(move |index| index.kind == kind);
        indexes.map(Index::declared).collect()
    };
    let declaration = Declaration {
        name: id.name.to_string(),
        attributes: attributes.iter().map(|one| (one.name.clone(), one.kind)).collect(),
        key: key.iter().map(KeyElement::declared).collect(),
        global: of_kind(IndexKind::Global),
        local: of_kind(IndexKind::Local),
        billing: match billing {
            Billing::PayPerRequest => schema::Billing::OnDemand,
            Billing::Provisioned(units) => schema::Billing::Provisioned(Some(units.declared())),
        },
    };
    declaration.check().map(|_| ())
}

impl Index {
    fn declared(&self) -> DeclaredIndex {
        DeclaredIndex {
            name: self.name.clone(),
            key: self.key.iter().map(KeyElement::declared).collect(),
            projection: match &self.projected {
                Projected::All => IndexProjection::All,
                Projected::KeysOnly => IndexProjection::KeysOnly,
                Projected::Include(names) => IndexProjection::Include(names.clone()),
            },
            throughput: self.throughput.map(Throughput::declared),
        }
    }
}

impl CreateIndex {
    pub(crate) fn into_index(self, number: u32, status: IndexStatus) -> Index {
        let CreateIndex { name, kind, key, projected, throughput, scaling } = self;
        Index { name, number, kind, key, projected, status, throughput, scaling }
    }
}

impl KeyElement {
    fn declared(&self) -> schema::KeyElement {
        let part = match self.role {
            KeyRole::Partition => KeyPart::Partition,
            KeyRole::Sort => KeyPart::Sort,
        };
        schema::KeyElement { attribute: self.name.clone(), part }
    }
}

impl Throughput {
    fn declared(self) -> schema::Throughput {
        schema::Throughput { read: self.read, write: self.write }
    }
}

/// A checked key with the types of its attributes; `None` for one that was never checked.
pub(crate) fn key_schema(key: &[KeyElement], attributes: &[AttributeDefinition]) -> Option<KeySchema> {
    let typed = |element: &KeyElement| {
        let defined = attributes.iter().find(|attribute| attribute.name == element.name)?;
        Some(KeyAttribute { name: element.name.clone(), kind: defined.kind })
    };
    let partition = typed(key.first()?)?;
    let sort = match key.get(1) {
        Some(element) => Some(typed(element)?),
        None => None,
    };
    Some(KeySchema { partition, sort })
}

mod key_kind {
    use crate::key::KeyKind;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(kind: &KeyKind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(kind.kind().wire_name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<KeyKind, D::Error> {
        let name = String::deserialize(from)?;
        let all = [KeyKind::S, KeyKind::N, KeyKind::B];
        all.into_iter()
            .find(|kind| kind.kind().wire_name() == name)
            .ok_or_else(|| de::Error::custom(format!("{name} is no type of a key")))
    }
}
