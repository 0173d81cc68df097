//! hal-board
