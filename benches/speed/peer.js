// Times one parser of npm over decoded bodies, for at most a minute. Prints JSON.

const fs = require('fs');
const { createRequire } = require('module');

const LONGEST = 60;
const [bodies, place, name] = process.argv.slice(2);
const load = createRequire(place + '/package.json');

async function parser() {
  if (name === 'planer') {
    const planer = load('planer');
    return (text) => planer.extractFromPlain(text);
  }
  let found;
  try {
    found = load('email-reply-parser');
  } catch {
    found = await import(load.resolve('email-reply-parser'));
  }
  const Parser = found.default || found;
  const parse = new Parser();
  return (text) => parse.read(text).getVisibleText();
}

function seconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function main() {
  const texts = JSON.parse(fs.readFileSync(bodies, 'utf8'));
  const parse = await parser();
  parse(texts[0]);
  let mails = 0, spent = 0, slowest = 0;
  for (let pass = 0; pass < 3 && spent < LONGEST / 2; pass++) {
    for (const text of texts) {
      const start = seconds();
      try {
        parse(text);
      } catch {}
      const taken = seconds() - start;
      spent += taken;
      slowest = Math.max(slowest, taken);
      mails++;
      if (spent > LONGEST) break;
    }
  }
  console.log(JSON.stringify({ mails, seconds: spent, slowest }));
}

main();
