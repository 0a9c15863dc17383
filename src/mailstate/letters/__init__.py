"""
The letters: a new mailbox's holder gets the way in, a domain's support address hears how it goes.

    addresses     an address as it goes into headers and envelopes
    webmail       where the holder of a mailbox logs in
    templates     the texts, shipped or overridden, checked before anything is sent
    exposure      whether a text would tell a secret to others than its reader
    letterhead    what all letters of a run share, made of settings
    words         what the letters say that is no template: French and English
    records       the DNS records that mend a domain
    folding       how headers with accents are written
    compose       values to `EmailMessage`, pure
    server        the SMTP URL, read without ever showing it
    conversation  one connection to the mail server; what happens is told by values
    postman       sends letters over one connection: tries again where that is safe, only there
    delivery      what became of a letter
    way_in        which way in the holder of a mailbox gets, and what became of the letter
    support       the same for the support address of a domain

What a letter holds (a first password, a login link) is in no value, message or log of this package.
"""
