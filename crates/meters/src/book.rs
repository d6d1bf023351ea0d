use crate::UsageRow;
use serde::{Deserialize, Serialize};

/// Price books as they are read from a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBooks {
    #[serde(rename = "book")]
    pub books: Vec<PriceBook>,
}

/// What one provider publishes that it takes; see the head of `books.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBook {
    pub id: String,
    pub name: String,
    pub currency: String,
    /// The page of the figures, and when they stood there.
    pub source: String,
    pub as_of: String,
    pub left_out: String,
    time: Time,
    memory: Memory,
    #[serde(default)]
    sizes: Vec<Size>,
    #[serde(default)]
    cpus_per_gb: f64,
    #[serde(rename = "meter")]
    pub(crate) meters: Vec<Meter>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Time {
    #[serde(rename = "1ms")]
    Millisecond,
    #[serde(rename = "100ms")]
    Tenth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Memory {
    Configured,
    Used,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    mb: u32,
    cpus: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meter {
    name: String,
    #[serde(default)]
    requests: f64,
    #[serde(default)]
    gb_seconds: f64,
    #[serde(default)]
    cpu_seconds: f64,
    #[serde(default)]
    free: f64,
    tiers: Vec<Tier>,
    /// Where its figures were compared, and of when that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checked: Option<String>,
    /// Which of its figures nobody compared; without `checked`, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unverified: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    /// Upper end; the last tier has none.
    #[serde(default)]
    to: Option<f64>,
    /// Of one unit.
    price: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("not a price book: {0}")]
    Unreadable(String),
    #[error("price book {book}: {why}")]
    Wrong { book: String, why: String },
}

impl PriceBooks {
    /// Those that come with the program.
    ///
    /// # Errors
    /// None: a test reads them.
    pub fn published() -> Result<PriceBooks, BookError> {
        PriceBooks::parse(include_str!("books.toml"))
    }

    /// # Errors
    /// Not TOML of this form, or a book whose tiers or sizes do not ascend.
    pub fn parse(text: &str) -> Result<PriceBooks, BookError> {
        let books: PriceBooks =
            toml::from_str(text).map_err(|error| BookError::Unreadable(error.to_string()))?;
        for book in &books.books {
            book.check().map_err(|why| BookError::Wrong { book: book.id.clone(), why })?;
        }
        Ok(books)
    }
}

impl PriceBook {
    fn check(&self) -> Result<(), String> {
        if !self.sizes.is_sorted_by(|a, b| a.mb < b.mb) {
            return Err("the sizes do not ascend".to_owned());
        }
        for meter in &self.meters {
            let Some((last, others)) = meter.tiers.split_last() else {
                return Err(format!("meter {} has no tier", meter.name));
            };
            let ends: Vec<f64> = others.iter().filter_map(|tier| tier.to).collect();
            if last.to.is_some() || ends.len() != others.len() || !ends.is_sorted_by(|a, b| a < b) {
                return Err(format!("the tiers of meter {} do not ascend to one without end", meter.name));
            }
            let figures = [meter.requests, meter.gb_seconds, meter.cpu_seconds, meter.free];
            let prices = meter.tiers.iter().map(|tier| tier.price);
            if !figures.into_iter().chain(prices).all(|figure| figure.is_finite() && figure >= 0.0) {
                return Err(format!("meter {} has a figure below zero", meter.name));
            }
        }
        Ok(())
    }

    /// The meters with figures that nobody compared with a page, and which figures these are.
    pub fn unverified(&self) -> impl Iterator<Item = (&str, &str)> {
        self.meters.iter().filter_map(|meter| {
            let which = match (&meter.unverified, &meter.checked) {
                (Some(which), _) => which.as_str(),
                (None, None) => "all its figures",
                (None, Some(_)) => return None,
            };
            Some((meter.name.as_str(), which))
        })
    }

    /// What each meter measures of the row.
    pub(crate) fn measure(&self, row: &UsageRow) -> Vec<f64> {
        let tally = &row.tally;
        let ms = match self.time {
            Time::Millisecond => tally.billed_ms,
            Time::Tenth => tally.billed_100ms_ms,
        };
        let seconds = ms as f64 / 1000.0;
        let configured = row.series.memory_mb;
        let size = self.sizes.iter().find(|size| size.mb >= configured).or(self.sizes.last());
        let mb = size.map_or(configured, |size| size.mb);
        let gb_seconds = match self.memory {
            Memory::Configured => seconds * f64::from(mb) / 1024.0,
            Memory::Used => tally.used_mb_ms as f64 / 1024.0 / 1000.0,
        };
        let cpus = size.map_or(f64::from(mb) / 1024.0 * self.cpus_per_gb, |size| size.cpus);
        let requests = tally.invocations as f64;
        let measured = self.meters.iter().map(|meter| {
            meter.requests * requests + meter.gb_seconds * gb_seconds + meter.cpu_seconds * cpus * seconds
        });
        measured.collect()
    }
}

impl Meter {
    /// What a month's amount costs.
    pub fn cost(&self, amount: f64, with_free: bool) -> f64 {
        let amount = if with_free { (amount - self.free).max(0.0) } else { amount };
        let (mut cost, mut begin) = (0.0, 0.0);
        for tier in &self.tiers {
            let end = tier.to.unwrap_or(f64::INFINITY);
            cost += (amount.min(end) - begin).max(0.0) * tier.price;
            begin = end;
        }
        cost
    }
}
