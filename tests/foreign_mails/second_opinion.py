"""What Python's email package finds in mails: for each path on standard input one line of JSON with
subject, address of the sender, date in seconds and the names of attachments."""

import email
import email.policy
import email.utils
import json
import sys


def text(value):
    """As it is compared: one line, without characters that no text has."""
    shown = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(shown.split())


def tried(work):
    """What the package cannot read it says by all kinds of exceptions: that is no opinion."""
    try:
        return work()
    except Exception:
        return None


def sender(mail):
    field = mail["from"]
    if field is None:
        return ""
    addresses = email.utils.getaddresses([str(field)])
    found = [address for _, address in addresses if "@" in address]
    return found[0] if found else ""


def date(mail):
    field = mail["date"]
    if field is None:
        return None
    return int(email.utils.parsedate_to_datetime(str(field)).timestamp())


def names(mail):
    found = []
    for part in mail.walk():
        name = part.get_filename()
        if name and not part.is_multipart():
            found.append(text(name))
    return found


for line in sys.stdin:
    path = line.rstrip("\n")
    with open(path, "rb") as file:
        mail = tried(lambda: email.message_from_binary_file(file, policy=email.policy.default))
    print(
        json.dumps(
            {
                "subject": tried(lambda: text(mail["subject"] or "")),
                "from": tried(lambda: sender(mail)),
                "date": tried(lambda: date(mail)),
                "names": tried(lambda: names(mail)),
            }
        )
    )
