//! Counting failed sign-ins: when a PIN is reset or blocked, and when a mailbox is locked.
