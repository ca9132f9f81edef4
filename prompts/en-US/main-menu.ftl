### After sign-in: what is new, and where to go.

# New voice messages; $count can be none.
summary-voice-messages = { $count ->
    [0] You have no new voice messages.
    [one] You have { $count } new voice message.
   *[other] You have { $count } new voice messages.
}
    .brief = { $count ->
        [0] No new voice messages.
        [one] { $count } new voice message.
       *[other] { $count } new voice messages.
    }
# New e-mails; $count can be none.
summary-emails = { $count ->
    [0] You have no new e-mail.
    [one] You have { $count } new e-mail.
   *[other] You have { $count } new e-mails.
}
# Callers hear the away greeting, or e-mail alone is answered; the key is one of the main menu.
summary-away = Your away greeting is on.
summary-auto-reply = Your automatic reply to e-mail is on.
summary-away-off = To turn it off, press { $key }.
# The mailbox holds all it may, so callers cannot leave messages.
summary-full = Your mailbox is full. Nobody can leave you a message until you delete some.
# Read before the options of the main menu.
main-menu = Main menu.
main-menu-voice-mail = For voice mail, press { $key }.
main-menu-email = For e-mail, press { $key }.
main-menu-calendar = For your calendar, press { $key }.
main-menu-contacts = For contacts and the directory, press { $key }.
main-menu-compose = To send a voice message, press { $key }.
main-menu-personal-options = For personal options, press { $key }.
main-menu-away-off = To turn off { $what ->
    [reply] the automatic reply to e-mail
   *[greeting] your away greeting
}, press { $key }.
main-menu-undo = To take back the last deletion, press { $key }.
main-menu-other-mailbox = If this is not your mailbox, press { $key }.
    .brief = Another mailbox, { $key }.
main-menu-goodbye = To end the call, press { $key }.
# Asked before the call ends; yes and no follow.
end-the-call = Do you want to end the call?
