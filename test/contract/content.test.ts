import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesPath, newContract } from './client.ts'

// "Content is kept to the byte, never trimmed" (CONTRACT §3), in the answer, the thread and the list.

const snug = await newContract()
await snug.users('ada', 'bob')
await snug.community('c', 'ada')
await snug.member('c', 'bob')
const path = messagesPath('c')

const TEXTS: Readonly<Record<string, string>> = {
  Latin: 'Ça alors, l’été à Łódź — ﬁn ñandú Ǆ ß ẞ',
  Greek: 'Ὦ ξεῖν’, ἀγγέλλειν Λακεδαιμονίοις',
  Cyrillic: 'Съешь же ещё этих мягких французских булок',
  Armenian: 'Բոլոր մարդիկ ծնվում են ազատ',
  Hebrew: 'כׇּל בְּנֵי הָאָדָם נוֹלְדוּ בְּנֵי חוֹרִין',
  Arabic: 'يُولَدُ جَمِيعُ ٱلنَّاسِ أَحْرَارًا',
  Devanagari: 'सभी मनुष्यों को क्षत्रिय',
  Bengali: 'সমস্ত মানুষ স্বাধীনভাবে',
  Tamil: 'மனிதப் பிறிவியினர் சகலரும்',
  Thai: 'มนุษย์ทั้งหลายเกิดมามีอิสระ',
  Tibetan: 'འགྲོ་བ་མིའི་རིགས་རྒྱུད',
  Georgian: 'ყველა ადამიანი იბადება',
  Amharic: 'የሰው ልጅ ሁሉ',
  Khmer: 'មនុស្សទាំងអស់កើតមក',
  Chinese: '人人生而自由,在尊严和权利上一律平等。𠜎𠜱𡿨',
  Japanese: 'すべての人間は、生まれながらにして自由 ｶﾞ',
  Korean: '모든 인간은 태어날 때부터 자유로우며',
  Cuneiform: '𒀀𒁀𒂗𒆠',
  Mongolian: 'ᠬᠦᠮᠦᠨ ᠪᠦᠷ',
  'an emoji family': '👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇵🇹 1️⃣ ❤️‍🔥',
  'mixed directions': 'abc \u202eabc\u202c שלום \u2066x\u2069 \u200e\u200f',
  'composed (NFC)': 'é Å ồ'.normalize('NFC'),
  'decomposed (NFD)': 'é Å ồ'.normalize('NFD'),
  'combining marks piled up': `Z${'\u0300\u0323\u0489'.repeat(40)}`,
  'white space around': '  \t kept \r\n\n ',
  'line ends of every sort': 'a\nb\r\nc\rd\u2028e\u2029f\u0085g',
  'zero width': '\u200b\u200c\u200d\u2060\ufeff x',
  'controls and the last code points':
    '\u0001\u0007\u001b[31m\u007f\u009f\ufffd\ufffe\uffff\u{10ffff}\u{1ffff}',
  'what JSON and SQL escape': `"\\ \\u0041 \\x41 ' '' $1 $$ %s %00 {} [] -- ; /* */ \\' E'\\n'`,
  'what HTML escapes': '<script>alert("&amp;")</script>',
  'a private use': '\ue000\u{f0000}',
}

for (const [name, content] of Object.entries(TEXTS)) {
  test(`comes back to the byte: ${name}`, async () => {
    // As JSON escapes it, and as it stands: both are the same text.
    const plain = JSON.stringify({ recipient_id: 'bob', content })
    const escaped = plain.replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    for (const raw of [plain, escaped]) {
      const sent = await snug.ask('POST', path, { as: 'ada', raw })
      assert.equal(sent.status, 201, sent.text)
      assert.equal(sent.body.content, content)
      const { body } = await snug.thread('bob', 'c', 'ada', { page: 'last', per_page: '1' })
      assert.deepEqual(Buffer.from(body.data[0].content), Buffer.from(content))
      const list = await snug.list('bob', 'c')
      assert.equal(list.body.data[0].latest_message.content, content)
    }
  })
}

test('5,000 code points are accepted, of any size, and 5,001 are not', async () => {
  const family = '👨‍👩‍👧‍👦' // seven code points
  const full = {
    letters: 'x'.repeat(5_000),
    emoji: '😀'.repeat(5_000),
    families: `${family.repeat(714)}xx`,
    // A letter and its accent are two.
    decomposed: 'e\u0301'.repeat(2_500),
    padded: `${' '.repeat(4_999)}x`,
  }
  for (const [name, content] of Object.entries(full)) {
    assert.equal([...content].length, 5_000, name)
    const sent = await snug.ask('POST', path, { as: 'ada', body: { recipient_id: 'bob', content } })
    assert.equal(sent.status, 201, name)
    assert.equal(sent.body.content, content, name)
    for (const more of ['x', '😀', '\u0301', ' ']) {
      const body = { recipient_id: 'bob', content: content + more }
      const refused = await snug.ask('POST', path, { as: 'ada', body })
      assert.equal(refused.status, 422, name)
      assert.deepEqual(refused.body, { message: ['Content is too long (maximum is 5000 characters)'] }, name)
    }
  }
  const { body } = await snug.thread('bob', 'c', 'ada', { per_page: '100' })
  const contents = body.data.map((one: { content: string }) => one.content)
  assert.deepEqual(contents.slice(-5), Object.values(full))
})
