"""Times one Python parser over decoded bodies, for at most a minute. Prints JSON."""

import json, sys, time

LONGEST = 60


def parser(name):
    if name == 'mail-parser-reply':
        from mailparser_reply import EmailReplyParser
        read = EmailReplyParser(languages=['fr', 'en', 'de'])
        return lambda text: read.parse_reply(text=text)
    if name == 'email-reply-parser':
        from email_reply_parser import EmailReplyParser
        return EmailReplyParser.parse_reply
    if name == 'quotequail':
        import quotequail
        return quotequail.unwrap
    from talon import quotations
    return quotations.extract_from_plain


def main():
    bodies, name = json.load(open(sys.argv[1])), sys.argv[2]
    parse = parser(name)
    parse(bodies[0])
    read, spent, slowest = 0, 0.0, 0.0
    for _ in range(3):
        for text in bodies:
            start = time.process_time()
            try:
                parse(text)
            except Exception:
                pass
            taken = time.process_time() - start
            spent, slowest, read = spent + taken, max(slowest, taken), read + 1
            if spent > LONGEST:
                break
        if spent > LONGEST / 2:
            break
    print(json.dumps({'mails': read, 'seconds': spent, 'slowest': slowest}))


main()
