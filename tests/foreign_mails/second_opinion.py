"""What Python's email package finds in mails: for each path on standard input one line of JSON with
subject, address of the sender, date in seconds and the names of attachments."""

import email
import email.policy
import email.utils
import json
import sys


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
    moment = email.utils.parsedate_to_datetime(str(field))
    # Without a zone nobody knows which moment it was.
    return int(moment.timestamp()) if moment.tzinfo else None


def leaves(part, parent):
    """The parts that are no containers, each with the type of what it lies in."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.iter_parts():
            yield from leaves(inner, part.get_content_type())
    else:
        yield part, parent


def is_shown(part, parent):
    """What belongs to the text: the pictures of a page, and the words of a signature for machines."""
    if parent == "multipart/related" and part.get_content_maintype() == "image":
        return True
    return part.get_content_type() == "application/pkcs7-signature"


def names(mail):
    """Names of what is attached. The first text is the message, whatever name it has."""
    found = []
    text_seen = False
    for part, parent in leaves(mail, ""):
        attached = part.get_content_disposition() == "attachment"
        if part.get_content_type() in ("text/plain", "text/html") and not attached:
            first, text_seen = not text_seen, True
            if first:
                continue
        name = part.get_filename()
        if name and not is_shown(part, parent):
            found.append(name)
    return found


for line in sys.stdin:
    path = line.rstrip("\n")
    with open(path, "rb") as file:
        mail = tried(lambda: email.message_from_binary_file(file, policy=email.policy.default))
    print(
        json.dumps(
            {
                "subject": tried(lambda: str(mail["subject"] or "")),
                "from": tried(lambda: sender(mail)),
                "date": tried(lambda: date(mail)),
                "names": tried(lambda: names(mail)),
            }
        )
    )
