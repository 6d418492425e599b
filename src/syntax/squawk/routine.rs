//! Functions, procedures, DO and their bodies.

use squawk_syntax::SyntaxKind as K;

use super::tree::Node;
use super::{Lower, statements};
use crate::effect::{Act, Argument, At, Body, Function, Ident, Name, Statement, Type};
use crate::syntax::{plpgsql, token};

impl Lower<'_> {
    pub(super) fn create_function(&self, node: Node) -> Act {
        let options = || node.child(K::FUNC_OPTION_LIST).into_iter().flat_map(Node::nodes);
        let option = |kind: K| options().find(|option| option.kind() == kind);
        let language = option(K::LANGUAGE_FUNC_OPTION).map(|option| self.language(option));
        let name = self.name_of(node.child_of(&[K::FUNCTION_NAME, K::PROCEDURE_NAME]), node);
        let returns = node.child(K::RET_TYPE);
        let table = returns.and_then(|returns| returns.child(K::RETURN_TABLE_ARG_LIST));
        let mut arguments = node.child(K::PARAM_LIST).map(|list| self.parameters(list)).unwrap_or_default();
        let mut returned = returns.and_then(Node::kind_of_value).map(|kind| self.type_of(kind));
        if let Some(table) = table {
            arguments.extend(table.all(K::RETURN_TABLE_COLUMN).map(|column| Argument {
                name: column.child(K::COLUMN_NAME).map(|name| self.ident(Some(name))),
                kind: self.type_in(column),
                input: false,
                output: true,
                default: None,
            }));
            let record = Name::plain(Ident::new_static("record"), name.at);
            returned = Some(Type { name: record, modifiers: Vec::new(), array: false, set: true });
        }
        let settings = options().filter(|option| option.kind() == K::SET_FUNC_OPTION);
        let settings = settings.filter_map(|option| option.nodes().next());
        let spoken = language.clone().unwrap_or_else(|| Ident::new_static("sql"));
        Act::CreateFunction(Box::new(Function {
            procedure: node.kind() == K::CREATE_PROCEDURE,
            or_replace: node.has(K::OR_REPLACE),
            arguments,
            returns: returned,
            body: self.function_body(node, &spoken),
            atomic: node.has(K::RETURN_STMT) || node.has(K::ATOMIC_BODY),
            language: spoken,
            reads_only: options().any(|option| matches!(option.kind(), K::IMMUTABLE | K::STABLE)),
            definer: option(K::SECURITY_DEFINER_FUNC_OPTION).is_some(),
            strict: options().any(|option| {
                matches!(option.kind(), K::STRICT_FUNC_OPTION | K::RETURNS_NULL_ON_NULL_INPUT_FUNC_OPTION)
            }),
            settings: settings.map(|setting| self.configuration(setting)).collect(),
            properties: self.function_options(options(), false),
            name,
        }))
    }

    fn language(&self, option: Node) -> Ident {
        let name = match option.child(K::LITERAL) {
            Some(text) => self.text_of(text),
            None => self.ident(option.child(K::LANGUAGE_REF)),
        };
        Ident::from(name.to_ascii_lowercase())
    }

    fn type_in(&self, node: Node) -> Type {
        match node.kind_of_value() {
            Some(kind) => self.type_of(kind),
            None => Type { name: Name::plain("", self.at(node)), modifiers: Vec::new(), array: false, set: false },
        }
    }

    /// All parameters of a list, those that an aggregate orders by among them.
    pub(super) fn parameters(&self, list: Node) -> Vec<Argument> {
        let ordered = list.child(K::AGGREGATE_ORDER_BY);
        let all = list.all(K::PARAM).chain(ordered.into_iter().flat_map(|ordered| ordered.all(K::PARAM)));
        let argument = |parameter: Node| {
            let both = parameter.child(K::PARAM_IN_OUT).is_some();
            let out = parameter.child(K::PARAM_OUT).is_some();
            let both = both || out && parameter.child(K::PARAM_IN).is_some();
            Argument {
                name: parameter.child(K::PARAM_NAME).map(|name| self.ident(Some(name))),
                kind: self.type_in(parameter),
                input: both || !out,
                output: both || out,
                default: parameter.child(K::PARAM_DEFAULT).map(|default| self.demanded(default.expr(), default)),
            }
        };
        all.map(argument).collect()
    }

    fn function_body(&self, node: Node, language: &str) -> Body {
        if let Some(value) = node.child(K::RETURN_STMT) {
            return Body::Sql(vec![Statement { at: self.whole(value), act: self.sql_return(value) }]);
        }
        if let Some(atomic) = node.child(K::ATOMIC_BODY) {
            let statement = |inner: Node| match inner.kind() {
                K::RETURN_STMT => Statement { at: self.whole(inner), act: self.sql_return(inner) },
                _ => self.statement(inner),
            };
            let inner = atomic.nodes().filter(|inner| inner.kind() != K::EMPTY_STMT);
            return Body::Sql(inner.map(statement).collect());
        }
        let options = node.child(K::FUNC_OPTION_LIST).into_iter().flat_map(Node::nodes);
        let source = options
            .filter(|option| option.kind() == K::AS_FUNC_OPTION)
            .find_map(|option| option.child(K::AS_DEFINITION));
        match source.and_then(|source| source.child(K::LITERAL)) {
            Some(text) => self.body(language, text),
            None => opaque(format!("the language is {language}"), self.at(node)),
        }
    }

    pub(super) fn do_block(&self, node: Node) -> Act {
        let language = node.child(K::DO_LANGUAGE).map(|language| self.language(language));
        let language = language.unwrap_or_else(|| Ident::new_static("plpgsql"));
        Act::Do(match node.child(K::LITERAL) {
            Some(text) => self.body(&language, text),
            None => opaque("it has no text".to_owned(), self.at(node)),
        })
    }

    /// A body that is a string.
    fn body(&self, language: &str, text: Node) -> Body {
        let at = self.at(text);
        let decoded = match token::decode_text(self.text, text.span()) {
            Ok(decoded) => decoded,
            Err(error) => return opaque(error.message, at),
        };
        let map = self.map.then(&decoded.steps);
        match language {
            "plpgsql" => match plpgsql::block(&decoded.text, &map, Self::body_parser()) {
                Ok(block) => Body::PlPgSql(Box::new(block)),
                Err(error) => opaque(error.message, error.at),
            },
            "sql" => match statements(&decoded.text, &map) {
                Ok(statements) => Body::Sql(statements),
                Err(error) => opaque(error.message, error.at),
            },
            _ => opaque(format!("the language is {language}"), at),
        }
    }
}

fn opaque(why: String, at: At) -> Body {
    Body::Opaque { why: Ident::from(why), at }
}
