### Personal options.

# Read before the options.
personal-options = Personal options.
personal-options-greetings = For your greetings and recorded name, press { $key }.
personal-options-change-pin = To change your PIN, press { $key }.
