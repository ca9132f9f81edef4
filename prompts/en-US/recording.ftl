### Whatever is recorded by a subscriber.

# The longest time is reached.
recording-limit = That is the longest a recording can be.
# Options after a recording.
recording-accept = To keep it, press { $key }.
recording-replay = To listen to it, press { $key }.
recording-start-over = To record it again, press { $key }.
recording-continue = To add to it, press { $key }.
recording-cancel = To cancel it, press { $key }.
# What was done.
recording-saved = Saved.
recording-cancelled = Cancelled.
