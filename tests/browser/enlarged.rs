//! As people set it up who see little, or can't bear movement.
