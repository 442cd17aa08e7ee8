//! The four roles of one binary: there is one thing to build, check and store.

/// What one function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Refuses at the gateway what no body could save.
    Authorizer,
    /// Takes webhooks.
    Handler,
    /// Pulls one source.
    Poller,
    /// Runs rejected records through the pipeline again.
    Redrive,
}

impl Role {
    /// Returns the role with this handler's name.
    pub fn of(handler: &str) -> Option<Role> {
        match handler {
            "authorizer" => Some(Role::Authorizer),
            "handler" => Some(Role::Handler),
            "poller" => Some(Role::Poller),
            "redrive" => Some(Role::Redrive),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_exactly() {
        assert_eq!(Role::of("authorizer"), Some(Role::Authorizer));
        assert_eq!(Role::of("handler"), Some(Role::Handler));
        assert_eq!(Role::of("poller"), Some(Role::Poller));
        assert_eq!(Role::of("redrive"), Some(Role::Redrive));
        for other in ["", "Handler", "handler.handler", "bootstrap", "handler "] {
            assert_eq!(Role::of(other), None, "{other:?}");
        }
    }
}
