use super::document::Effect;
use super::operator::{Operator, Set, Test};
use super::pattern::{Atom, Pattern};
use super::template::{Template, Wildcards};
use super::{Context, date};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;

/// One key of one operator, with the values that it is compared to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    /// As it was written, for a policy that is shown.
    pub(super) operator_name: Box<str>,
    pub(super) key_name: Box<str>,
    pub(super) key: Box<str>,
    operator: Operator,
    pub(super) values: Box<[Value]>,
}

/// A value of a policy, read once as what its operator compares.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) text: Box<str>,
    operand: Operand,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Text(Template),
    Number(f64),
    Date((i64, u32)),
    Bool(bool),
    Bytes(Box<[u8]>),
    Network(IpAddr, u8),
    Arn(Box<[Pattern; 6]>),
    /// An ARN whose parts are known only with the request.
    VariableArn(Template),
}

/// The value is nothing that the operator could compare to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadValue;

impl Condition {
    pub(super) fn compile(
        operator_name: &str,
        operator: Operator,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Self, BadValue> {
        let variables = variables && operator.test.takes_variables();
        let values = values.iter().map(|text| {
            let operand = operand(operator.test, text, variables)?;
            Ok(Value { text: text.as_str().into(), operand })
        });
        Ok(Condition {
            operator_name: operator_name.into(),
            key_name: key.into(),
            key: key.to_lowercase().into(),
            operator,
            values: values.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the request satisfies the condition.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
    ///
    /// A variable without a value matches nothing; a negated operator that is about to allow because of that
    /// does not: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.
    pub(super) fn holds(&self, context: &Context, effect: Effect) -> bool {
        let Operator { test, negated, set, if_exists } = self.operator;
        let mut found = context.get_lower(&self.key);
        // Empty texts alone are no values where values are counted: a set of nothing.
        if (set != Set::Single || test == Test::Null)
            && found.is_some_and(|texts| texts.iter().all(String::is_empty))
        {
            found = None;
        }
        if test == Test::Null {
            let is_absent = found.is_none();
            return self.values.iter().any(|value| value.operand == Operand::Bool(is_absent));
        }
        if found.is_none() && if_exists {
            return true;
        }
        if negated && effect == Effect::Allow && !self.values.iter().all(|value| value.is_resolved(context)) {
            return false;
        }
        let Some(found) = found else { return self.holds_without_key() };
        let is_listed = |text: &String| {
            let given = Given::read(test, text);
            self.values.iter().any(|value| value.matches(test, &given, context))
        };
        match set {
            Set::Single => found.iter().any(is_listed) != negated,
            Set::AllValues => found.iter().all(|text| is_listed(text) != negated),
            Set::AnyValue => found.iter().any(|text| is_listed(text) != negated),
        }
    }

    fn holds_without_key(&self) -> bool {
        match self.operator.set {
            Set::Single => self.operator.negated,
            Set::AllValues => true,
            Set::AnyValue => false,
        }
    }

    /// Lower-cased names of the keys that the condition reads.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let variables = self.values.iter().flat_map(|value| match &value.operand {
            Operand::Text(template) | Operand::VariableArn(template) => Some(template.keys()),
            _ => None,
        });
        std::iter::once(&*self.key).chain(variables.flatten())
    }
}

fn operand(test: Test, text: &str, variables: bool) -> Result<Operand, BadValue> {
    let template = |text: &str, wildcards| {
        Template::compile(text, wildcards, variables).map(Operand::Text).map_err(|_| BadValue)
    };
    match test {
        Test::StringEquals => template(text, Wildcards::No),
        Test::StringEqualsIgnoreCase => template(&text.to_lowercase(), Wildcards::No),
        Test::StringLike => template(text, Wildcards::Yes),
        Test::Numeric(_) => number(text).map(Operand::Number).ok_or(BadValue),
        Test::Date(_) => date::parse(text).map(Operand::Date).ok_or(BadValue),
        Test::Bool if variables && text.contains("${") => template(&text.to_lowercase(), Wildcards::No),
        Test::Bool | Test::Null => truth(text).map(Operand::Bool).ok_or(BadValue),
        Test::Binary => STANDARD.decode(text).map(|bytes| Operand::Bytes(bytes.into())).map_err(|_| BadValue),
        Test::IpAddress => network(text).map(|(ip, bits)| Operand::Network(ip, bits)).ok_or(BadValue),
        Test::Arn => {
            let template = Template::compile(text, Wildcards::Yes, variables).map_err(|_| BadValue)?;
            if template.keys().next().is_some() {
                return Ok(Operand::VariableArn(template));
            }
            let atoms = template.atoms(&Context::default()).ok_or(BadValue)?;
            Ok(Operand::Arn(Box::new(arn_parts(atoms).ok_or(BadValue)?)))
        }
    }
}

impl Value {
    fn is_resolved(&self, context: &Context) -> bool {
        match &self.operand {
            Operand::Text(template) | Operand::VariableArn(template) => template.is_resolved(context),
            _ => true,
        }
    }

    fn matches(&self, test: Test, given: &Given<'_>, context: &Context) -> bool {
        match (&self.operand, given) {
            (Operand::Text(template), Given::Text(text)) => template.matches(text, context),
            (Operand::Text(template), Given::Lower(text)) => template.matches_lower(text, context),
            (Operand::Text(template), Given::Bool(truth)) => {
                template.matches_lower(if *truth { "true" } else { "false" }, context)
            }
            (Operand::Number(expected), Given::Number(value)) => match test {
                Test::Numeric(order) => value.partial_cmp(expected).is_some_and(|found| order.holds(found)),
                _ => false,
            },
            (Operand::Date(expected), Given::Date(value)) => match test {
                Test::Date(order) => order.holds(value.cmp(expected)),
                _ => false,
            },
            (Operand::Bool(expected), Given::Bool(truth)) => truth == expected,
            (Operand::Bytes(expected), Given::Bytes(bytes)) => **bytes == **expected,
            (Operand::Network(network, bits), Given::Address(ip)) => contains(*network, *bits, *ip),
            (Operand::Arn(parts), Given::Text(text)) => arn_matches(parts, text),
            (Operand::VariableArn(template), Given::Text(text)) => {
                let parts = template.atoms(context).and_then(arn_parts);
                parts.is_some_and(|parts| arn_matches(&parts, text))
            }
            _ => false,
        }
    }
}

/// A value of the request, read once as what is compared.
enum Given<'a> {
    Text(&'a str),
    Lower(String),
    Number(f64),
    Date((i64, u32)),
    Bool(bool),
    Bytes(Vec<u8>),
    Address(IpAddr),
    /// Is equal to nothing.
    Unreadable,
}

impl<'a> Given<'a> {
    fn read(test: Test, text: &'a str) -> Self {
        let read = match test {
            Test::StringEquals | Test::StringLike | Test::Arn => Some(Given::Text(text)),
            Test::StringEqualsIgnoreCase => Some(Given::Lower(text.to_lowercase())),
            Test::Numeric(_) => number(text).map(Given::Number),
            Test::Date(_) => date::parse(text).map(Given::Date),
            Test::Bool | Test::Null => truth(text).map(Given::Bool),
            Test::Binary => STANDARD.decode(text).ok().map(Given::Bytes),
            Test::IpAddress => text.parse().ok().map(|ip: IpAddr| Given::Address(ip.to_canonical())),
        };
        read.unwrap_or(Given::Unreadable)
    }
}

/// Each of the six parts is compared on its own, the last with all that follows the fifth colon.
fn arn_matches(parts: &[Pattern; 6], text: &str) -> bool {
    let mut pieces = text.splitn(6, ':');
    parts.iter().all(|part| pieces.next().is_some_and(|piece| part.matches(piece)))
}

/// `None`: fewer than six parts. A lone `*` stands for any ARN.
fn arn_parts(atoms: Vec<Atom>) -> Option<[Pattern; 6]> {
    if atoms == [Atom::Many] {
        return Some(std::array::from_fn(|_| Pattern::Any));
    }
    let mut parts: Vec<Vec<Atom>> = vec![Vec::new()];
    for atom in atoms {
        let Atom::Literal(text) = atom else {
            parts.last_mut()?.push(atom);
            continue;
        };
        let mut rest = &*text;
        while parts.len() < 6
            && let Some((before, after)) = rest.split_once(':')
        {
            super::pattern::push_literal(parts.last_mut()?, before);
            parts.push(Vec::new());
            rest = after;
        }
        super::pattern::push_literal(parts.last_mut()?, rest);
    }
    let parts: Vec<Pattern> = parts.into_iter().map(Pattern::from_atoms).collect();
    parts.try_into().ok()
}

/// An integer or a decimal, without words such as `inf`.
fn number(text: &str) -> Option<f64> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// An address alone is a network of its own.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => bits_max,
        Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
        Some(_) => return None,
    };
    (bits <= bits_max).then_some((address, bits))
}

fn contains(network: IpAddr, bits: u8, ip: IpAddr) -> bool {
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let differ = u32::from(network) ^ u32::from(ip);
            differ.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let differ = u128::from(network) ^ u128::from(ip);
            differ.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
        }
        _ => false,
    }
}
