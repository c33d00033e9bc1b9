//! What is asked of a registry.

/// What may be done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Pull,
    Push,
}

/// What is asked of a registry, and so what a token must be good for.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) access: Access,
    /// Repositories that are only read from.
    pub(crate) also: Vec<String>,
    /// Completes the sentence "cannot ...".
    pub(crate) doing: String,
}

impl Errand {
    pub(crate) fn pull(doing: impl Into<String>) -> Errand {
        Errand { access: Access::Pull, also: Vec::new(), doing: doing.into() }
    }

    /// For the repository at `path`, nothing more than what is needed, whatever the registry suggests; nothing for
    /// the registry itself.
    pub(crate) fn scopes(&self, path: &str) -> Vec<String> {
        if path.is_empty() {
            return Vec::new();
        }
        let actions = match self.access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        };
        let also = self.also.iter().map(|path| format!("repository:{path}:pull"));
        std::iter::once(format!("repository:{path}:{actions}")).chain(also).collect()
    }

    /// Whether a scope that a registry asks for is no more than this: the same repository, maybe below something, and
    /// no other actions.
    pub(crate) fn covers(&self, own: &str, scope: &str) -> bool {
        let Some((path, actions)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
        else {
            return false;
        };
        let below = path.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        let may = |action: &str| action == "pull" || action == "push" && self.access == Access::Push;
        !own.is_empty() && below && actions.split(',').all(may)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_what_is_needed() {
        let pull = Errand::pull("");
        let push = Errand { access: Access::Push, also: vec!["base".into()], ..pull.clone() };
        assert_eq!(pull.scopes("team/app"), ["repository:team/app:pull"]);
        assert_eq!(push.scopes("team/app"), ["repository:team/app:pull,push", "repository:base:pull"]);
        assert!(pull.scopes("").is_empty());
        let covers = |errand: &Errand, scope: &str| errand.covers("team/app", scope);
        for less in ["repository:team/app:pull", "repository:mirror/team/app:pull"] {
            assert!(covers(&pull, less) && covers(&push, less), "{less}");
        }
        let both = "repository:team/app:push,pull";
        assert!(covers(&push, both) && !covers(&pull, both));
        for more in [
            "repository:team/app:pull,delete",
            "repository:evilteam/app:pull",
            "repository:team/app2:pull",
            "repository:team/app:*",
            "registry:catalog:*",
            "repository:team/app",
            "",
            "team/app:pull",
        ] {
            assert!(!covers(&push, more), "{more}");
        }
    }
}
