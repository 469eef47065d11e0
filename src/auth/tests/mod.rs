//! Admission: tokens, who gets in and how often, and the table of operations.

mod entering;
mod operations;
mod tokens;
