//! What only the CQL store does: its tables as they lie, activations that nobody continued, lists.
