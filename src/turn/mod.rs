//! One question and its answer, as a pure state machine.

pub mod key_sequence;

pub use key_sequence::KeySequence;
