//! Without a mouse.
