//! What a function does: one binary serves all four, so that there is one thing
//! to build, check and keep.

/// What a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Decides at the gateway what needs no body.
    Authorizer,
    /// Takes webhooks in.
    Handler,
    /// Pulls one source.
    Poller,
    /// Runs rejected records again.
    Redrive,
}

impl Role {
    /// The role that a handler's name stands for.
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
