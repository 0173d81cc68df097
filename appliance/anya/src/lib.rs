//! anya
