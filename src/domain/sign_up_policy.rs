//! Who may sign up.

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignUpPolicy {
    /// Everyone.
    #[default]
    Open,
    /// The invited person.
    Closed,
}
