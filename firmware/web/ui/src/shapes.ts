// Sentences of the station with names and numbers in them: `{…}` is whatever stands there, a
// sentence again perhaps. They are the keys of their translations. The first that fits counts.
const SENTENCES = [
  // who this station is: firmware/station/load_words.py
  'master; its own outlets are under it; network {network}, 1 station known',
  'master; its own outlets are under it; network {network}, {n} stations known',
  'stand-alone master; its own outlets are under nobody; network {network}, 1 station known',
  'stand-alone master; its own outlets are under nobody; network {network}, {n} stations known',
  'slave in network {network}; its master answers',
  'slave in network {network}; its master is silent',
  'slave in network {network}; no master yet',
  'two masters need three stations or more: of two, neither hears more than half while the other is dark',
  'second master in network {network}; it leads, {n} stations known',
  'second master in network {network}; the first one leads',
  'second master in network {network}; the first one is not heard yet',
  'master in network {network}; the second one leads',
  'this station is a stand-alone master: nobody counts or limits what a car draws at its own outlets; make it a master with internal slave to include them',
  'without a master {n} outlets may draw {amps} together, above the EVSE limit of {limit} on {phase}; lower dlm_disconnected_limit at the stations',
  // what keeps it from its role: firmware/dlm/rivals.py, core.py, firmware/io/dlm_*.py
  'another master with the same network id is in the LAN ({names}); this one goes on: give one of them another network id, or make it a slave',
  'another master with the same network id is in the LAN ({names}); this one does not distribute: give one of them another network id, or make it a slave',
  'no master of load management is heard in network {network} yet',
  'no master of load management is found in this network',
  'this station is not paired with a master; pair it by a code',
  'the master of load management at {address}: {why}',
  'it is the master of another site; pair this station with it, or mend the address',
  'it does not know this station; pair it anew',
  'nobody answers at this address',
  'masters cannot be found by multicast: {why}',
  'the keys of the site cannot be kept: {why}',
  'no broker for load management: install the package mosquitto',
  'the broker for load management does not start: {why}',
  'the broker for load management has ended ({code}): {why}',
  'port {port} is taken by another program',
  'it gave no reason',
  // what an outlet gets: firmware/dlm/why.py, master.py, slave.py
  'as much as it can take; only a higher limit of its own would raise it',
  'fuse {fuse} on {phase} is full, shared by {n}; it rises when one of them takes less or the fuse may carry more',
  'fuse {fuse} on {phase} is full; it rises when the fuse may carry more',
  '{phase} may not carry more beside {other}; it rises when {third} is loaded more',
  '{phase} would carry {amps} too much beside {other}; it starts when {third} is loaded more or at its turn',
  'fuse {fuse} on {phase} lacks {amps} for its minimum beside those whose turn it is; it starts when one of them ends or at its own turn',
  'fuse {fuse} on {phase} lacks {amps} for its minimum even if it were alone; it starts when the fuse may carry more',
  'its own limit is {amps} below its minimum; raise the one or lower the other',
  'no car wants current here',
  'waits for its share of {amps} until others have confirmed less',
  'it is not heard; its disconnected limit is kept free for it',
  'load management: this station wakes up',
  'load management: no master has been heard yet; an earlier start may have had a share',
  "load management: the master's share",
  'load management: the master is away; what it may have given to others is left to them',
  'load management: the master is away; the disconnected limit holds',
  // what a site may take: firmware/dlm/site_room.py, firmware/limits
  '{phase} leaves {amps} to the cars: {why}',
  'EVSE sub-distribution limit',
  'operator limit',
  'what the house takes of the main distribution limit',
  'the external meter is silent, its fallback counts',
  "the external meter's input gives its signal, wired {sense}: dlm_ext_input_limit holds until whoever gives the signal, as a rule the grid operator, ends it",
  'the input {input} gives its signal, wired {sense}: dlm_ext_input_limit holds until whoever gives the signal, as a rule the grid operator, ends it',
  'active high',
  'active low',
  'the external meter does not tell its digital input, which {key} asks for; a signal that cannot be read counts as given: mend the meter, or set {same} to off',
  "{key} asks for the input {input}, which this board has not; a signal that cannot be read counts as given: set {same} to disable, or take a board that has it",
  "the board's inputs do not answer; the signal that {key} asks for counts as given: the station asks again by itself, have the board looked at if this stays",
  'the entry "{entry}" of dlm_max_current_schedule holds until {until}; the operator may change the table',
  'the time is not known, so the lowest current of dlm_max_current_schedule holds on each phase; a back end or a time server (NTP) tells the time',
  // joining: firmware/station/load_commands.py, firmware/apps/load_link.py, firmware/io/dlm_pairing.py
  'every station that is known is heard; nothing is forgotten',
  '1 station is forgotten: {names}',
  '{n} stations are forgotten: {names}',
  'clear_slaves: this station is no master, dlm_mode is {mode}',
  'pair_open: only a master lets stations join, dlm_mode is {mode}',
  'pair: only a slave joins a master, dlm_mode is {mode}',
  'the code is shown in a moment',
  'the master is being asked',
  'nobody can join: port {port} is not free ({why})',
  'nobody has used the code in 10 minutes; open another one to pair a station',
  '{unit} is paired',
  'a station could not be paired: {why}',
  'no code is open',
  'the code has been tried too often; open another one',
  '{unit} does not have the code; tries left: {n}',
  'this station has joined the site of {host}',
  'this station has not joined: {why}',
  'no master answers at {address} ({why}); is a code open on its page?',
  'silence',
  'the master has hung up',
  'whoever answered is not the master of this code',
  "{unit} is the name of the master's own unit; take another name",
  'the other side does not speak our protocol',
  'the other side has sent no point of the curve',
  'the other side has hung up; the code may be wrong or used up',
  'the other side has said nothing for {n} s',
  // updates: firmware/io/packages.py, installing.py, installer.py, firmware/ocpp/updates.py
  'the package is not signed',
  'this is no Debian package (.deb)',
  'no key of a maker is on this station; there has to be one in {places}',
  'the package was changed, or signed by somebody whom this station does not trust; it trusts: {names}',
  'this is the package {name}, not powerstation',
  'the package is for {one}, this is {other}',
  'version {version} is not newer than {installed}, which is installed: a station is never brought back to an older firmware',
  'the same version as before runs: {version}',
  'nothing on this station installs firmware: {place} was offered for {n} s and not taken. Install the package or flash the image by hand.',
  'the system is read-only, as our image is: flash the new image instead',
  'an update is under way',
];
const HOLE = /\{(\w+)\}/g;
const special = (text: string): string => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&');

let forms: [RegExp, string][] | null = null;
function known(): [RegExp, string][] {
  forms ??= SENTENCES.map((one) => [new RegExp(`^${special(one).replace(HOLE, '(.+?)')}$`), one]);
  return forms;
}

// The sentence of the catalogue that this text is, and what stands in its places.
export function shaped(text: string): [string, Record<string, string>] | null {
  for (const [form, sentence] of known()) {
    const found = form.exec(text);
    if (!found) continue;
    const names = [...sentence.matchAll(HOLE)].map((one) => one[1]!);
    return [sentence, Object.fromEntries(names.map((name, n) => [name, found[n + 1]!]))];
  }
  return null;
}
