//! From an object's bytes to items.

use std::collections::VecDeque;
use tables::transfer::{CsvHeader, Line, Lines, fields, read_ion_line, read_json_line};
use tables::value::Item;
use tables::{AttributeDefinition, ImportPlan, ImportStep, InputFormat, Refusal};

/// Lines of one step, and about as many bytes of them.
const STEP: u64 = 256;
const STEP_BYTES: u64 = 1024 * 1024;
const COMMA: char = ',';

/// Reads the lines of one object. Holds a step and what a piece of bytes gave.
pub(super) struct Reading {
    format: Format,
    lines: Lines,
    found: VecDeque<Line>,
    /// Lines that are done already.
    skip: u64,
    step: ImportStep,
}

enum Format {
    Json,
    Ion,
    Csv { delimiter: char, header: Header },
}

enum Header {
    /// The next line is it.
    Next {
        attributes: Vec<AttributeDefinition>,
    },
    Is(Result<CsvHeader, Refusal>),
}

impl Reading {
    /// Of the object, from behind `skip` lines.
    pub fn new(plan: &ImportPlan, attributes: &[AttributeDefinition], object: &str, skip: u64) -> Self {
        let format = match &plan.format {
            InputFormat::Json => Format::Json,
            InputFormat::Ion => Format::Ion,
            InputFormat::Csv { delimiter, header } => Format::Csv {
                delimiter: delimiter.unwrap_or(COMMA),
                header: match header {
                    Some(names) => Header::Is(CsvHeader::new(names.clone(), attributes)),
                    None => Header::Next { attributes: attributes.to_vec() },
                },
            },
        };
        let lines = Lines::new(matches!(format, Format::Csv { .. }));
        let step = ImportStep { object: object.to_owned(), from: skip, ..ImportStep::default() };
        Reading { format, lines, found: VecDeque::new(), skip, step }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.found.extend(self.lines.push(bytes));
    }

    /// The next step, if enough was found for one.
    pub fn step(&mut self) -> Option<ImportStep> {
        while let Some(line) = self.found.pop_front() {
            self.read(&line);
            if self.is_full() {
                let next = ImportStep {
                    object: self.step.object.clone(),
                    from: self.step.lines,
                    lines: self.step.lines,
                    ..ImportStep::default()
                };
                return Some(std::mem::replace(&mut self.step, next));
            }
        }
        None
    }

    /// What is left when all bytes came. `broken`: the rest could not be read, which counts as a line that is no item.
    pub fn finish(mut self, broken: Option<String>) -> Vec<ImportStep> {
        let last = std::mem::replace(&mut self.lines, Lines::new(false)).finish();
        self.found.extend(last.filter(|_| broken.is_none()));
        let mut steps = Vec::new();
        while let Some(step) = self.step() {
            steps.push(step);
        }
        if let Some(why) = broken {
            self.refuse(why);
        }
        self.step.is_read = true;
        steps.push(self.step);
        steps
    }

    fn is_full(&self) -> bool {
        self.step.items.len() as u64 + self.step.refused >= STEP || self.step.bytes >= STEP_BYTES
    }

    fn refuse(&mut self, why: String) {
        self.step.refused += 1;
        self.step.why.get_or_insert(why);
    }

    fn read(&mut self, line: &Line) {
        let is_first = self.step.lines == 0;
        self.step.lines += 1;
        let text = match line {
            Line::Whole(bytes) => {
                let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").filter(|_| is_first).unwrap_or(bytes);
                std::str::from_utf8(bytes).map_err(|_| "The line is not UTF-8".to_owned())
            }
            Line::TooLong => Err("The line is too long".to_owned()),
        };
        if let Format::Csv { delimiter, header } = &mut self.format
            && let Header::Next { attributes } = header
        {
            *header = Header::Is(read_header(&text, *delimiter, attributes));
            return;
        }
        if self.step.lines <= self.skip {
            return;
        }
        self.step.bytes += match line {
            Line::Whole(bytes) => bytes.len() as u64 + 1,
            Line::TooLong => tables::transfer::LINE_BYTES_MAX as u64,
        };
        match text.and_then(|text| self.item(text).map_err(|refusal| refusal.to_string())) {
            Ok(item) => self.step.items.push(item),
            Err(why) => self.refuse(why),
        }
    }

    fn item(&self, text: &str) -> Result<Item, Refusal> {
        match &self.format {
            Format::Json => read_json_line(text),
            Format::Ion => read_ion_line(text),
            Format::Csv { delimiter, header: Header::Is(header) } => {
                header.as_ref().map_err(Clone::clone)?.read(text, *delimiter)
            }
            Format::Csv { header: Header::Next { .. }, .. } => {
                Err(Refusal::Validation("The header is not known".to_owned()))
            }
        }
    }
}

fn read_header(
    text: &Result<&str, String>,
    delimiter: char,
    attributes: &[AttributeDefinition],
) -> Result<CsvHeader, Refusal> {
    let text = text.as_ref().map_err(|why| Refusal::Validation(why.clone()))?;
    let names = fields(text, delimiter)?.into_iter().map(|name| name.into_owned()).collect();
    CsvHeader::new(names, attributes)
}
