//! What an administrator does with mailboxes from the command line. Everything here blocks.
