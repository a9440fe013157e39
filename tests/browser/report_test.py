"""The HTML report in a real browser: what is drawn, what it says, and that it reaches for nothing outside itself.

Skipped (exit status 77) where there is no Chromium, or no library that draws the charts. Screenshots go into
XOVER_BROWSER_OUTPUT.
"""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import chromium

OUTPUT = pathlib.Path(os.environ.get('XOVER_BROWSER_OUTPUT', '.'))
HOSTILE = '</script><img src=x onerror=alert(1)>&"\'<!--\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'

# Every chart as it is drawn, with the table under it.
CHARTS = """[...document.querySelectorAll('canvas')].map((canvas) => {
  const drawn = Chart.getChart(canvas), figure = canvas.closest('figure');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let i = 0; i < pixels.length; i += 4)
    if (pixels[i + 3] > 200) colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
  const line = drawn.config.type === 'line';
  return {
    id: canvas.id, title: figure.querySelector('figcaption').textContent, colours: colours.size,
    type: drawn.config.type,
    alternative: canvas.getAttribute('aria-label'), marks: drawn.xover.visibleMarks(),
    series: drawn.data.datasets.filter((set) => !set.band).map((set, i) => ({label: set.label,
      shown: drawn.isDatasetVisible(drawn.data.datasets.indexOf(set)),
      points: set.data.filter((point) => point !== null).map((point) => (line ? point.y : point))})),
    bands: drawn.data.datasets.filter((set) => set.band).map((set) => set.data.map((point) => point.y)),
    columns: [...figure.querySelectorAll('thead th')].slice(1).map((cell) => cell.textContent),
    rows: [...figure.querySelectorAll('tbody tr')].map((row) => [...row.children].slice(1).map((cell) =>
      cell.querySelector('data') && {value: Number(cell.querySelector('data').value), text: cell.textContent})),
    sizes: [...figure.querySelectorAll('tbody th')].map((cell) => cell.textContent)};
})"""

# Contrast by WCAG 2.1 between two colours of the form "#rrggbb".
CONTRAST = """((a, b) => {
  const light = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
})"""
COLOUR = "((name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim())"


def size_label(size_bytes):
    for unit, letter in ((1 << 20, 'M'), (1 << 10, 'K')):
        if size_bytes % unit == 0:
            return f'{size_bytes // unit}{letter}'
    return f'{size_bytes} B'


def digits(value):
    """Three of them, as the report rounds."""
    return f'{value:.{max(2 - math.floor(math.log10(value)), 0)}f}'


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='xover-pages-')
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run([os.environ['XOVER_BROWSER_PAGES'], cls.folder.name], check=True, timeout=60)
        # A run in virtual time: an account, and the same figures everywhere.
        run = [os.environ['XOVER'], 'run', 'sdp2006', '--sizes', '4K,64K,512K', '--connections', '1,2']
        run += ['--duration', '20ms', '--json', cls.path('virtual.json'), '--no-report']
        subprocess.run(run, check=True, timeout=300, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([os.environ['XOVER'], 'report', cls.path('virtual.json')], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        cls.browser = chromium.Browser(chromium.find())
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def open(self, name, **how):
        page = chromium.Page(self.browser, self.path(name + '.html'), **how)
        self.addCleanup(page.close)
        return page

    def result(self, name):
        return json.loads(pathlib.Path(self.path(name + '.json')).read_text(encoding='utf-8'))

    def assert_quiet(self, page):
        page.listen()
        self.assertEqual(page.problems, [])
        self.assertEqual(set(page.requests), {page.url})

    def charts(self, page):
        return {chart['id']: chart for chart in page.evaluate(CHARTS)}

    # --- the driver itself ---------------------------------------------------------------------------------------

    def test_the_driver_sees_errors_and_requests(self):
        broken = pathlib.Path(self.path('broken.html'))
        broken.write_text('<script>console.error("spoken"); setTimeout(() => { throw new Error("thrown"); });</script>'
                          '<img src="http://127.0.0.1:9/picture">', encoding='utf-8')
        page = self.open('broken')
        page.listen()
        for text in ('spoken', 'thrown'):
            self.assertTrue(any(text in problem for problem in page.problems), page.problems)
        self.assertIn('http://127.0.0.1:9/picture', page.requests)

    # --- every page ----------------------------------------------------------------------------------------------

    def test_no_page_complains_or_asks_for_anything(self):
        for name in ('empty', 'sample', 'large', 'sweep', 'hostile', 'virtual'):
            for dark in (False, True):
                with self.subTest(name, dark=dark):
                    self.assert_quiet(self.open(name, dark=dark))

    def test_nothing_can_leave_the_page(self):
        page = self.open('sample')
        violation = page.evaluate("""new Promise((done) => {
          addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));
          const picture = new Image();
          picture.src = 'http://127.0.0.1:9/picture';
          setTimeout(() => done('none'), 10000); })""")
        self.assertEqual(violation, 'img-src')
        refused = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.message)")
        self.assertIn('Failed to fetch', refused)
        page.listen()
        self.assertTrue(any('Content Security Policy' in problem for problem in page.problems), page.problems)

    def test_text_of_a_document_stays_text(self):
        page = self.open('hostile')
        self.assertEqual(page.evaluate('document.images.length'), 0)
        self.assertEqual(page.evaluate('document.scripts.length'), 3)
        self.assertEqual(page.evaluate("document.querySelector('h1').textContent"), HOSTILE)
        self.assertEqual(page.evaluate("document.querySelector('.key').dataset.series"), 'tcp.send' + HOSTILE)
        columns = [column for chart in self.charts(page).values() for column in chart['columns']]
        self.assertIn('tcp.send' + HOSTILE, columns)

    def test_structure_and_names(self):
        for name in ('sample', 'sweep', 'virtual'):
            with self.subTest(name):
                page = self.open(name)
                levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
                self.assertEqual(levels.count(1), 1)
                self.assertEqual(levels[0], 1)
                self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)
                self.assertEqual(page.evaluate("document.querySelectorAll('table:not(:has(caption))').length"), 0)
                self.assertTrue(all(len(chart['alternative']) > 40 for chart in self.charts(page).values()))
                ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
                self.assertEqual(len(ids), len(set(ids)))

    # --- what is drawn -------------------------------------------------------------------------------------------

    def test_every_chart_is_drawn_as_its_table_says(self):
        for name in ('sample', 'large', 'sweep', 'virtual'):
            page = self.open(name)
            charts = self.charts(page)
            self.assertGreater(len(charts), 3)
            for chart in charts.values():
                with self.subTest(name, chart=chart['id']):
                    self.assertGreater(chart['colours'], 4)
                    self.assertEqual([series['label'] for series in chart['series']], chart['columns'])
                    for i, series in enumerate(chart['series']):
                        column = [row[i]['value'] for row in chart['rows'] if row[i]]
                        self.assertEqual(series['points'], column)

    def test_figures_are_those_of_the_result(self):
        result = self.result('sample')
        charts = list(self.charts(self.open('sample')).values())
        of_title = lambda title, column: next(chart for chart in charts
                                              if chart['title'] == title and column in chart['columns'])
        streams = [cell for cell in result['cells'] if cell['workload'] == 'stream' and 'goodput_gbps' in cell]
        self.assertEqual(len(streams), 8)
        for title, figure in (('Goodput Gbit/s', lambda cell: cell['goodput_gbps']),
                              ('CPU per byte reference cycles', lambda cell: cell['cpu']['cycles_per_byte'])):
            for cell in streams:
                chart = of_title(title, cell['variant'])
                row = chart['rows'][chart['sizes'].index(size_label(cell['size']))]
                shown = row[chart['columns'].index(cell['variant'])]
                median, low, high = (figure(cell)[name] for name in ('median', 'low', 'high'))
                self.assertEqual(shown['value'], median)
                self.assertEqual(shown['text'], f'{digits(median)} ({digits(low)} to {digits(high)})')
        # A link without receiver, and round trips, have charts of their own.
        self.assertEqual(of_title('Handed over Gbit/s', 'null@sink')['columns'], ['null@sink'])
        self.assertFalse(any('null@sink' in chart['columns'] and len(chart['columns']) > 1 for chart in charts
                             if chart['type'] == 'line'))
        trips = of_title('Round trip, median µs', 'tcp.send')
        cells = [cell for cell in result['cells'] if cell['workload'] == 'pingpong' and cell['status'] == 'ok']
        self.assertEqual([value['value'] for value in trips['rows'][0]], [cell['latency_us']['p50'] for cell in cells])

    def test_intervals_crossovers_and_small_multiples(self):
        result = self.result('sweep')
        charts = [chart for chart in self.charts(self.open('sweep')).values() if chart['type'] == 'line']
        goodput = charts[:4]
        self.assertEqual([chart['title'] for chart in goodput],
                         ['1 connection', '2 connections', '4 connections', '8 connections'])
        self.assertEqual([chart['marks'][0]['at'] for chart in goodput],
                         [crossover['size']['estimate'] for crossover in result['crossovers']])
        for chart in goodput:
            self.assertEqual(chart['sizes'][:3], ['1K', '2K', '4K'])
            self.assertEqual(len(chart['bands']), 4)
            for line, (low, high) in zip(chart['series'], (chart['bands'][:2], chart['bands'][2:])):
                self.assertTrue(all(l < y < h for l, y, h in zip(low, line['points'], high)))

    def test_account_and_ledger(self):
        result = self.result('virtual')
        charts = [chart for chart in self.charts(self.open('virtual')).values() if chart['type'] == 'bar']
        sides = [chart for chart in charts if chart['title'].startswith('sender')]
        self.assertEqual(len(sides), 4)  # two transports with one and with two connections
        cells = [cell for cell in result['cells'] if cell['label'] == 'sdp.read_zcopy' and cell['connections'] == 1]
        chart = sides[1]
        self.assertEqual(chart['sizes'], ['4K', '64K', '512K'])
        for i, cell in enumerate(cells):
            phases = {name.replace('_', ' '): phase['share'] * 100
                      for name, phase in cell['account']['sender']['phases'].items()}
            for name, value in zip(chart['columns'], chart['rows'][i]):
                self.assertAlmostEqual(value['value'] if value else 0, phases.get(name, 0), places=6)
        ledger = next(chart for chart in charts if chart['title'].startswith('sending side'))
        self.assertEqual(sum(value['value'] for value in ledger['rows'][0] if value), 2)  # BCopy: copied, then moved

    def test_verdicts_at_a_glance_are_those_of_the_result(self):
        words = {'faster': 'better', 'slower': 'worse', 'indistinguishable': 'cannot be told apart'}
        for name in ('sample', 'sweep'):
            cells = self.open(name).evaluate("""[...document.querySelectorAll('.verdicts td:has(data)')].map((cell) =>
              [cell.className, Number(cell.querySelector('data').value), cell.querySelector('.unseen').textContent])""")
            told = [[comparison['verdict'], comparison['ratio']['median'], ', ' + words[comparison['verdict']]]
                    for comparison in self.result(name)['comparisons']]
            self.assertEqual(sorted(cells), sorted(told))

    # --- what a reader does --------------------------------------------------------------------------------------

    def test_the_legend_hides_a_series_in_all_charts_of_its_group(self):
        page = self.open('sweep')
        shown = lambda: {series['label']: series['shown'] for chart in self.charts(page).values()
                         if chart['type'] == 'line' for series in chart['series']}
        press = lambda: page.evaluate("document.querySelector('.key[data-series=\"tcp.zerocopy\"]').click()")
        before = self.charts(page)
        self.assertEqual(set(shown().values()), {True})
        press()
        self.assertFalse(any(value for label, value in shown().items() if label.startswith('tcp.zerocopy')))
        self.assertTrue(all(value for label, value in shown().items() if label.startswith('tcp.sendmsg')))
        key = "document.querySelector('.key[data-series=\"tcp.zerocopy\"]')"
        self.assertEqual(page.evaluate(key + '.ariaPressed'), 'false')
        first = next(iter(before))
        self.assertEqual(self.charts(page)[first]['marks'], [])
        press()
        self.assertEqual(set(shown().values()), {True})

    def test_hovering_shows_the_figures(self):
        page = self.open('sweep')
        where = page.evaluate("""(() => { const canvas = document.querySelector('canvas');
          canvas.scrollIntoView({block: 'center'});
          const box = canvas.getBoundingClientRect(), point = Chart.getChart(canvas).getDatasetMeta(0).data[3];
          return [box.x + point.x, box.y + point.y]; })()""")
        page.point_at(*where)
        tooltip = "(() => { const t = Chart.getChart(document.querySelector('canvas')).tooltip; return "
        page.until(tooltip + 't && t.opacity > 0; })()')
        chart = next(iter(self.charts(page).values()))
        self.assertEqual(page.evaluate(tooltip + 't.title; })()'), ['8K'])
        lines = page.evaluate(tooltip + 't.body.flatMap((part) => part.lines); })()')
        self.assertEqual(lines, [f'{name}: {value["text"]} Gbit/s'
                                 for name, value in zip(chart['columns'], chart['rows'][3])])

    def test_no_sideways_scrolling_at_400_px(self):
        for name in ('sample', 'large', 'sweep', 'virtual', 'hostile'):
            with self.subTest(name):
                page = self.open(name, width=400, height=800)
                page.until("[...document.querySelectorAll('canvas')].every((c) => c.clientWidth <= 400)")
                self.assertLessEqual(page.evaluate('document.documentElement.scrollWidth'), 400)
                page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                self.assertLessEqual(page.evaluate('document.documentElement.scrollWidth'), 400)

    def test_light_and_dark(self):
        background = 'getComputedStyle(document.body).backgroundColor'
        light, dark = self.open('sample'), self.open('sample', dark=True)
        self.assertNotEqual(light.evaluate(background), dark.evaluate(background))
        for page in (light, dark):
            texts, lines = {'ink': 7, 'faint': 4.5, 'accent': 4.5}, {f'transports-{i}': 3 for i in range(8)}
            for ink, least in {**texts, **lines}.items():
                contrast = page.evaluate(f"{CONTRAST}({COLOUR}('{ink}'), {COLOUR}('paper'))")
                self.assertGreaterEqual(contrast, least, ink)
            for verdict in ('good', 'bad', 'alert'):
                contrast = page.evaluate(f"{CONTRAST}({COLOUR}('{verdict}'), {COLOUR}('{verdict}-paper'))")
                self.assertGreaterEqual(contrast, 4.5, verdict)
        line = "Chart.getChart(document.querySelector('canvas')).data.datasets[0].borderColor"
        before = light.evaluate(line)
        light.evaluate("document.getElementById('theme').click()")
        self.assertEqual(light.evaluate(background), dark.evaluate(background))
        self.assertNotEqual(light.evaluate(line), before)
        light.evaluate("document.getElementById('theme').click()")
        light.media(dark=True)  # what the reader chose stays
        self.assertNotEqual(light.evaluate(background), dark.evaluate(background))

    def test_paper_is_light_and_everything_on_it_open(self):
        page = self.open('sample', dark=True)
        page.evaluate("addEventListener('beforeprint', () => { window.closed_details = "
                      "document.querySelectorAll('details:not([open])').length; })")
        self.assertGreater(page.evaluate("document.querySelectorAll('details:not([open])').length"), 3)
        pdf = page.pdf()
        self.assertTrue(pdf.startswith(b'%PDF'))
        self.assertGreater(len(pdf), 20000)
        self.assertEqual(page.evaluate('window.closed_details'), 0)
        self.assertGreater(page.evaluate("document.querySelectorAll('details:not([open])').length"), 3)
        page.media(dark=True, kind='print')
        page.until("getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)'")
        self.assertEqual(page.evaluate("getComputedStyle(document.getElementById('theme')).display"), 'none')
        self.assert_quiet(page)

    # --- for people ----------------------------------------------------------------------------------------------

    def test_screenshots(self):
        for name in ('sample', 'sweep', 'large', 'virtual'):
            for look, how in (('light', {}), ('dark', {'dark': True}), ('narrow', {'width': 400, 'height': 800})):
                picture = OUTPUT / f'{name}-{look}.png'
                self.open(name, **how).screenshot(picture)
                self.assertGreater(picture.stat().st_size, 20000)


if __name__ == '__main__':
    if chromium.find() is None:
        print('no Chromium here: install the package chromium')
        sys.exit(77)
    if os.environ.get('XOVER_CHARTS') == '0':
        print('built without Chart.js: install libjs-chart.js, and configure again')
        sys.exit(77)
    unittest.main(verbosity=2)
