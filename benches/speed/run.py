"""Times each parser over the mails of a corpus, and prints a table. See benches/replies-speed."""

import email, email.policy, glob, json, os, re, resource, shutil, subprocess, sys

COPIES = 30
LONGEST = 240
HERE = os.path.dirname(os.path.abspath(__file__))


def body(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    try:
        part = message.get_body(('plain', 'html'))
        text = part.get_content() if part else ''
    except (LookupError, UnicodeError, KeyError, AttributeError):
        text = raw.decode('utf-8', 'replace').partition('\n\n')[2]
    if part and part.get_content_subtype() == 'html':
        text = re.sub(r'<[^>]*>', '\n', text)
    return text


def cpu(command):
    """The seconds that a command took of the processor (its own, the system's), and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LONGEST)
    except subprocess.TimeoutExpired as late:
        done = subprocess.CompletedProcess(command, 1, late.stdout or b'', b'not done after %d s' % LONGEST)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, done


def row(name, mails, speed, slowest):
    print('| %s | %s | %s | %s |' % (name, mails, speed, slowest), flush=True)


def greffier(binary, mails, place):
    flat, out = place + '/mails', place + '/out'
    shutil.rmtree(flat, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(flat)
    for copy in range(COPIES):
        for number, raw in enumerate(mails):
            with open('%s/%d-%d.eml' % (flat, copy, number), 'wb') as file:
                file.write(raw)
    own, system, done = cpu([binary, 'mail', 'reply', '--batch', flat, '--out', out])
    if done.returncode:
        sys.exit('greffier: ' + done.stderr.decode())
    count = COPIES * len(mails)
    row('Greffier, MIME included', count, '%d' % (count / own), '')
    row('Greffier, with the system reading and writing its files', count, '%d' % (count / (own + system)), '')


def main():
    corpus, place, binary = sys.argv[1:]
    paths = sorted(glob.glob(corpus + '/**/*.eml', recursive=True))
    mails = [open(path, 'rb').read() for path in paths]
    bodies = place + '/bodies.json'
    with open(bodies, 'w') as file:
        json.dump([body(raw) for raw in mails], file)
    print('| parser | mails read | mails a second of processor time | slowest mail, ms |\n|---|---|---|---|')
    greffier(binary, mails, place)
    python = [sys.executable, HERE + '/peer.py', bodies]
    node = ['node', HERE + '/peer.js', bodies, place]
    for name, command in [
        ('mail-parser-reply (PyPI)', python + ['mail-parser-reply']),
        ('email-reply-parser (PyPI)', python + ['email-reply-parser']),
        ('quotequail (PyPI)', python + ['quotequail']),
        ('talon (PyPI)', python + ['talon']),
        ('planer (npm)', node + ['planer']),
        ('email-reply-parser (npm)', node + ['email-reply-parser']),
    ]:
        *_, done = cpu(command)
        try:
            found = json.loads(done.stdout)
            row(name, found['mails'], '%d' % (found['mails'] / found['seconds']), '%.1f' % (found['slowest'] * 1000))
        except (ValueError, KeyError):
            row(name, 0, 'no answer', '')
            print(done.stderr.decode('utf-8', 'replace')[-300:], file=sys.stderr)


main()
