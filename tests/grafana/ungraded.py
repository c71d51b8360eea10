"""Panels on which no value is good or bad by itself, and why: the others have a threshold."""

from __future__ import annotations

UNGRADED = {
    # Now
    "Who carries?": "a name",
    "How much an hour?": "what is much depends on the purse: *Money lasts for?* says it",
    "How many text, how many are answered?": "many texts are no fault; what counts is the gap between lines",
    "Who carried the answers?": "whoever it was, they are answered",
    "How is each account?": "every word has a colour of its own",
    "What waits?": "how long they wait is what is bad, not how many",
    # Money
    "What was spent?": "what is much depends on the purse: *How full is each purse?* says it",
    "What does one texter cost?": "the tariff says what it has to cost, not we",
    "What did silence save?": "neither more nor less is bad",
    "What is in each purse?": "the gauges beside it are coloured; an overrun has an answer of its own",
    "Through whom is it spent, an hour?": "what is much depends on the purse",
    "What is it spent on, an hour?": "what is much depends on the purse",
    "When is each purse empty?": "what is little depends on the purse: *How long does each last?* says it",
    # Providers
    "Why is an account not open?": "every word has a colour of its own",
    "Why do replies leave an account?": "they are answered all the same; the reason is what counts",
    "What comes of sends?": "every outcome has a colour of its own",
    "Which errors are there?": "the word says how grave it is, not how many there are",
    "How fast does each account take a reply?": "every carrier has a pace of its own",
    "What do receipts say?": "stacked numbers; of shares *Do replies arrive?* says it",
    "Which receipts come in?": "every word has a colour of its own",
    "Which webhooks are turned away?": "the Internet that knocks counts too; the alert leaves it out",
    "How many texts come twice?": "each is stored and answered once, however often it comes",
    "Which texts are not proved yet?": "how many is what comes in, and how often the carrier is asked",
    "What is left at each carrier?": "each in a unit of its own; what is little depends on the pace",
    # Abuse
    "How near is a raid, or its end?": "the limit is learned, and a line of its own",
    "What flags texts?": "a fact about the detector, not about the texters",
    "How much of a raid is held?": "how large a raid is, is nobody's fault",
    "How many wordings are held?": "few is a campaign, many is a crowd: neither is better",
    "What becomes of held texts?": "what was decided about them",
    "Who texts which number?": "many texts are no fault",
    "Why are texts not answered?": "rules that the settings ask for",
    # Machine
    "How much of the processors is used?": "what is much depends on how many there are",
    "How much memory is used?": "what is much depends on how much there is",
    "Do processes die?": "what is many depends on how many run; the alert counts them",
    "How many do one commit?": "one is calm, many is a rush: neither is bad",
    "How near is the database?": "what is far depends on where it is; a queue that waits is seen elsewhere",
    "How many connections are there?": "max_connections is the database's own, and others use it too",
    "How large is the database?": "what is large depends on its disk",
    "When was the last answer sent?": "long is normal when nobody texts",
}
