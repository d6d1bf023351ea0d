//! Reading conditions.

use super::{Comparator, Operand, Test};
use crate::Refusal;
use crate::expression::parser::Parser;
use crate::expression::token::TokenKind;
use crate::expression::{IN_OPERANDS_MAX, Parameters, Role, check};

/// Reads a whole text. Without recursion: parentheses may be as deep as a text is long.
pub(in crate::expression) fn parse_test(
    text: &str,
    role: Role,
    parameters: &mut Parameters,
) -> Result<Test, Refusal> {
    let mut parser = Parser::new(text, role, parameters)?;
    let mut open = Vec::new();
    let test = loop {
        if parser.take_keyword("NOT") {
            parser.count_operator();
            open.push(Open::Not);
            continue;
        }
        if parser.take_sign("(") {
            open.push(Open::Parenthesis);
            continue;
        }
        let node = simple(&mut parser)?;
        if let Some(node) = close(&mut parser, &mut open, node)? {
            break node.test(&parser)?;
        }
    };
    parser.finish()?;
    Ok(test)
}

/// What was begun and waits for what follows. Binds, from weakest to strongest: OR, AND, NOT, comparisons.
enum Open {
    Parenthesis,
    Not,
    And(Vec<Test>),
    Or(Vec<Test>),
}

/// What parentheses may hold: a condition, or an operand.
struct Node {
    what: What,
    enclosed: bool,
}

enum What {
    Test(Test),
    Operand(Operand),
}

impl Node {
    fn of(test: Test) -> Self {
        Node { what: What::Test(test), enclosed: false }
    }

    fn test(self, parser: &Parser) -> Result<Test, Refusal> {
        match self.what {
            What::Test(test) => Ok(test),
            What::Operand(Operand::Size(_)) => Err(misplaced(parser, "size")),
            What::Operand(_) => Err(parser.syntax_error()),
        }
    }

    fn operand(self, parser: &Parser) -> Result<Operand, Refusal> {
        match self.what {
            What::Operand(operand) => Ok(operand),
            What::Test(_) => Err(parser.syntax_error()),
        }
    }
}

fn misplaced(parser: &Parser, function: &str) -> Refusal {
    parser.role().refuse(format!(
        "The function is not allowed to be used this way in an expression; function: {function}"
    ))
}

/// Joins `node` with all that it completes. `None` if something has to follow.
fn close(parser: &mut Parser, open: &mut Vec<Open>, mut node: Node) -> Result<Option<Node>, Refusal> {
    loop {
        node = comparison(parser, node)?;
        while let Some(Open::Not) = open.last() {
            open.pop();
            node = Node::of(Test::Not(Box::new(node.test(parser)?)));
        }
        if parser.is_keyword("AND") {
            let test = node.test(parser)?;
            parser.next();
            parser.count_operator();
            match open.last_mut() {
                Some(Open::And(tests)) => tests.push(test),
                _ => open.push(Open::And(vec![test])),
            }
            return Ok(None);
        }
        if let Some(Open::And(tests)) = open.last_mut() {
            let mut tests = std::mem::take(tests);
            open.pop();
            tests.push(node.test(parser)?);
            node = Node::of(Test::All(tests));
        }
        if parser.is_keyword("OR") {
            let test = node.test(parser)?;
            parser.next();
            parser.count_operator();
            match open.last_mut() {
                Some(Open::Or(tests)) => tests.push(test),
                _ => open.push(Open::Or(vec![test])),
            }
            return Ok(None);
        }
        if let Some(Open::Or(tests)) = open.last_mut() {
            let mut tests = std::mem::take(tests);
            open.pop();
            tests.push(node.test(parser)?);
            node = Node::of(Test::Any(tests));
        }
        if open.pop().is_none() {
            return Ok(Some(node));
        }
        // Nothing but a parenthesis is left to be closed.
        parser.expect_sign(")")?;
        if node.enclosed {
            parser.wrong("The expression has redundant parentheses;");
        }
        node.enclosed = true;
    }
}

/// If `left` is followed by a comparison, that.
fn comparison(parser: &mut Parser, left: Node) -> Result<Node, Refusal> {
    let test = if let Some(comparator) = comparator(parser) {
        parser.count_operator();
        let left = left.operand(parser)?;
        parser.next();
        let right = operand(parser)?;
        check::comparison(parser, comparator, &left, &right);
        Test::Compare(comparator, left, right)
    } else if parser.is_keyword("BETWEEN") {
        parser.count_operator();
        let left = left.operand(parser)?;
        parser.next();
        let lower = operand(parser)?;
        if !parser.take_keyword("AND") {
            return Err(parser.syntax_error());
        }
        let upper = operand(parser)?;
        check::between(parser, &left, &lower, &upper);
        Test::Between(left, lower, upper)
    } else if parser.is_keyword("IN") {
        parser.count_operator();
        let left = left.operand(parser)?;
        parser.next();
        parser.expect_sign("(")?;
        let choices = operands(parser)?;
        if choices.len() > IN_OPERANDS_MAX {
            let count = choices.len();
            parser.wrong(format!(
                "The IN operator is provided with too many operands; number of operands: {count}"
            ));
        }
        check::distinct(parser, "IN", &left, &choices);
        Test::In(left, choices)
    } else {
        return Ok(left);
    };
    Ok(Node::of(test))
}

/// The next token, if it compares; not taken.
fn comparator(parser: &Parser) -> Option<Comparator> {
    use Comparator::*;
    let token = parser.peek();
    if token.kind != TokenKind::Sign {
        return None;
    }
    let sign = parser.text_of(token);
    [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]
        .into_iter()
        .find(|known| known.sign() == sign)
}

/// After the opening parenthesis, to the closing one.
fn operands(parser: &mut Parser) -> Result<Vec<Operand>, Refusal> {
    let mut operands = Vec::new();
    loop {
        operands.push(operand(parser)?);
        if parser.take_sign(")") {
            return Ok(operands);
        }
        parser.expect_sign(",")?;
    }
}

/// An operand, perhaps in parentheses.
fn operand(parser: &mut Parser) -> Result<Operand, Refusal> {
    let mut enclosed = 0;
    while parser.take_sign("(") {
        enclosed += 1;
    }
    let operand = simple(parser)?.operand(parser)?;
    for _ in 0..enclosed {
        parser.expect_sign(")")?;
    }
    if enclosed > 1 {
        parser.wrong("The expression has redundant parentheses;");
    }
    Ok(operand)
}

/// A value, a path or a function.
fn simple(parser: &mut Parser) -> Result<Node, Refusal> {
    if let Some(name) = parser.function() {
        return function(parser, name);
    }
    let operand = match parser.value() {
        Some(value) => Operand::Value(value),
        None => Operand::Path(parser.path()?),
    };
    Ok(Node { what: What::Operand(operand), enclosed: false })
}

fn function(parser: &mut Parser, name: &str) -> Result<Node, Refusal> {
    parser.count_operator();
    parser.next();
    parser.next();
    let arguments = parser.deeper(operands)?;
    let wanted = match name {
        "attribute_exists" | "attribute_not_exists" | "size" => 1,
        "attribute_type" | "begins_with" | "contains" => 2,
        "if_not_exists" | "list_append" => {
            let what = format!("The function is not allowed in a condition expression; function: {name}");
            return Err(parser.role().refuse(what));
        }
        _ => return Err(parser.role().refuse(format!("Invalid function name; function: {name}"))),
    };
    let count = arguments.len();
    let mut arguments = arguments.into_iter();
    let (Some(first), second, None, true) =
        (arguments.next(), arguments.next(), arguments.next(), count == wanted)
    else {
        return Err(parser.role().refuse(format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}"
        )));
    };
    let what = match (name, second) {
        ("size", _) => {
            check::size(parser, &first);
            return Ok(Node { what: What::Operand(Operand::Size(Box::new(first))), enclosed: false });
        }
        ("attribute_exists", _) => Test::Exists(check::path(parser, name, first)),
        ("attribute_not_exists", _) => Test::NotExists(check::path(parser, name, first)),
        ("attribute_type", Some(second)) => {
            let kind = check::type_name(parser, &second);
            Test::HasType(check::path(parser, name, first), kind)
        }
        ("begins_with", Some(second)) => {
            check::begins_with(parser, &first, &second);
            Test::BeginsWith(first, second)
        }
        (_, Some(second)) => {
            check::contains(parser, &first, &second);
            Test::Contains(first, second)
        }
        (_, None) => return Err(parser.syntax_error()),
    };
    Ok(Node::of(what))
}
