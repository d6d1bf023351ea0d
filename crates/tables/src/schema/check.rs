//! What makes a declaration hold together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Billing, Declaration, DeclaredIndex, GLOBAL_INDEXES_MAX, IndexProjection, IndexSchema, KEY_NAME_LEN_MAX,
    KeyElement, KeyPart, LOCAL_INDEXES_MAX, PROJECTED_MAX, TableSchema,
};
use crate::Refusal;
use crate::key::{KeyAttribute, KeyKind, KeySchema};

type Attributes<'a> = BTreeMap<&'a str, KeyKind>;

impl Declaration {
    /// # Errors
    /// Validation, naming the part that is wrong.
    pub fn check(&self) -> Result<TableSchema, Refusal> {
        name("tableName", &self.name)?;
        let mut attributes = Attributes::new();
        for (name, kind) in &self.attributes {
            key_name(name)?;
            if attributes.insert(name, *kind).is_some() {
                return Err(invalid(format!("Cannot have two attributes with the same name: {name}")));
            }
        }
        let mut used = BTreeSet::new();
        let key = key_schema(&self.key, &attributes, &mut used)?;
        if self.local.len() > LOCAL_INDEXES_MAX {
            return Err(invalid("Number of LocalSecondaryIndexes exceeds per-table limit of 5"));
        }
        if self.global.len() > GLOBAL_INDEXES_MAX {
            return Err(invalid("GlobalSecondaryIndex count exceeds the per-table limit of 20"));
        }
        let mut indexes = Vec::new();
        for (declared, is_global) in
            self.local.iter().map(|index| (index, false)).chain(self.global.iter().map(|index| (index, true)))
        {
            let index = self.index(declared, is_global, &key, &attributes, &mut used)?;
            if indexes.iter().any(|known: &IndexSchema| known.name == index.name) {
                return Err(invalid(format!("Duplicate index name: {}", index.name)));
            }
            indexes.push(index);
        }
        self.projected()?;
        self.unused(&attributes, &used)?;
        self.throughput()?;
        Ok(TableSchema { key, indexes })
    }

    fn index(
        &self,
        declared: &DeclaredIndex,
        is_global: bool,
        table: &KeySchema,
        attributes: &Attributes<'_>,
        used: &mut BTreeSet<String>,
    ) -> Result<IndexSchema, Refusal> {
        name("indexName", &declared.name)?;
        let key = key_schema(&declared.key, attributes, used)?;
        if !is_global {
            if table.sort.is_none() {
                return Err(invalid(
                    "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
                ));
            }
            if key.sort.is_none() {
                return Err(invalid(format!(
                    "Index KeySchema does not have a range key for index: {}",
                    declared.name
                )));
            }
            if key.partition != table.partition {
                return Err(invalid(format!(
                    "Index KeySchema does not have the same leading hash key as table KeySchema for index: {}. \
                     index hash key: {}, table hash key: {}",
                    declared.name, key.partition.name, table.partition.name
                )));
            }
        }
        if let IndexProjection::Include(names) = &declared.projection {
            if names.is_empty() {
                return Err(invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"));
            }
            names.iter().try_for_each(|name| key_name(name))?;
        }
        Ok(IndexSchema {
            name: declared.name.clone(),
            key,
            is_global,
            projection: declared.projection.clone(),
        })
    }

    /// Attributes that are named for two indexes count twice.
    fn projected(&self) -> Result<(), Refusal> {
        let count: usize = self
            .local
            .iter()
            .chain(&self.global)
            .map(|index| match &index.projection {
                IndexProjection::Include(names) => names.len(),
                _ => 0,
            })
            .sum();
        if count > PROJECTED_MAX {
            return Err(invalid(format!(
                "Number of NonKeyAttributes exceeds the limit of {PROJECTED_MAX}: {count}"
            )));
        }
        Ok(())
    }

    fn unused(&self, attributes: &Attributes<'_>, used: &BTreeSet<String>) -> Result<(), Refusal> {
        if attributes.len() == used.len() {
            return Ok(());
        }
        if self.global.is_empty() && self.local.is_empty() {
            return Err(invalid(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in \
                 AttributeDefinitions",
            ));
        }
        let keys = used.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let defined = attributes.keys().copied().collect::<Vec<_>>().join(", ");
        Err(invalid(format!(
            "Some AttributeDefinitions are not used. AttributeDefinitions: [{defined}], keys used: [{keys}]"
        )))
    }

    fn throughput(&self) -> Result<(), Refusal> {
        match self.billing {
            Billing::Provisioned(None) => Err(invalid(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
            )),
            Billing::Provisioned(Some(units)) => {
                for index in &self.global {
                    let units = index.throughput.ok_or_else(|| {
                        invalid(format!("ProvisionedThroughput must be specified for index: {}", index.name))
                    })?;
                    at_least_one(units.read, units.write)?;
                }
                at_least_one(units.read, units.write)
            }
            Billing::OnDemand => match self.global.iter().find(|index| index.throughput.is_some()) {
                Some(index) => Err(invalid(format!(
                    "ProvisionedThroughput should not be specified for index: {} when BillingMode is PAY_PER_REQUEST",
                    index.name
                ))),
                None => Ok(()),
            },
        }
    }
}

fn at_least_one(read: u64, write: u64) -> Result<(), Refusal> {
    if read == 0 || write == 0 { Err(invalid("Provisioned throughput must be at least 1")) } else { Ok(()) }
}

fn key_schema(
    elements: &[KeyElement],
    attributes: &Attributes<'_>,
    used: &mut BTreeSet<String>,
) -> Result<KeySchema, Refusal> {
    let (partition, sort) = match elements {
        [one] => (one, None),
        [one, two] => (one, Some(two)),
        _ => return Err(invalid("A KeySchema has one or two elements")),
    };
    if partition.part != KeyPart::Partition {
        return Err(invalid("The first KeySchemaElement is not a HASH key type"));
    }
    if let Some(sort) = sort {
        if sort.part != KeyPart::Sort {
            return Err(invalid("The second KeySchemaElement is not a RANGE key type"));
        }
        if sort.attribute == partition.attribute {
            return Err(invalid(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ));
        }
    }
    let mut attribute = |element: &KeyElement| {
        let name = element.attribute.as_str();
        let Some(kind) = attributes.get(name) else {
            let defined = attributes.keys().copied().collect::<Vec<_>>().join(", ");
            return Err(invalid(format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{name}], \
                 AttributeDefinitions: [{defined}]"
            )));
        };
        used.insert(name.to_owned());
        Ok(KeyAttribute { name: name.to_owned(), kind: *kind })
    };
    Ok(KeySchema { partition: attribute(partition)?, sort: sort.map(attribute).transpose()? })
}

/// Names of tables and indexes: 3 to 255 letters, digits, underscores, hyphens and dots.
pub(super) fn name(member: &str, name: &str) -> Result<(), Refusal> {
    let constraint = if name.len() < 3 {
        "Member must have length greater than or equal to 3"
    } else if name.len() > 255 {
        "Member must have length less than or equal to 255"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    } else {
        return Ok(());
    };
    Err(Refusal::validation(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: {constraint}"
    )))
}

fn key_name(name: &str) -> Result<(), Refusal> {
    if (1..=KEY_NAME_LEN_MAX).contains(&name.len()) {
        return Ok(());
    }
    Err(invalid("The name of a key attribute or of a projected one has 1 to 255 bytes"))
}

fn invalid(what: impl std::fmt::Display) -> Refusal {
    Refusal::validation(format!("One or more parameter values were invalid: {what}"))
}
