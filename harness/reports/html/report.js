// Draws the charts from the page's own data, and makes legend and theme work. Tables and sentences need none of this.
(() => {
  'use strict';

  const groups = JSON.parse(document.getElementById('report-data').textContent);
  const shapes = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star', 'dash', 'cross'];
  const colours = 8;  // of transports; their styles go on with other shapes, dashed
  const root = document.documentElement;
  const darkScheme = matchMedia('(prefers-color-scheme: dark)');
  const printing = matchMedia('print');
  let charts = [];
  const hidden = new Map(groups.map((group) => [group.id, new Set()]));

  const colour = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, '0');
  const shortNumber = (value) => (value === 0 ? '0' : Number(value.toPrecision(3)).toLocaleString('en', {
    notation: Math.abs(value) >= 1e5 ? 'compact' : 'standard', maximumFractionDigits: 6}));

  // --- what is drawn beside the library's own ---------------------------------------------------------------------

  // Where a candidate overtakes: a line at the size, over a band as wide as its interval.
  const crossovers = {
    id: 'crossovers',
    beforeDatasetsDraw(chart) {
      const {ctx, chartArea: area, scales: {x}} = chart;
      const inside = (size) => Math.min(Math.max(x.getPixelForValue(Math.log2(size)), area.left), area.right);
      chart.xover.visibleMarks().forEach((mark, row) => {
        const ink = colour('transports-' + mark.style % colours);
        const low = inside(mark.low), high = inside(mark.high), at = inside(mark.at);
        ctx.save();
        ctx.fillStyle = faded(ink, 0.13);
        ctx.fillRect(low, area.top, Math.max(high - low, 1), area.bottom - area.top);
        ctx.strokeStyle = ink;
        ctx.setLineDash([4, 3]);
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
        ctx.fillStyle = ink;
        ctx.font = '600 11px system-ui, sans-serif';
        const right = at + 4 + ctx.measureText(mark.label).width < area.right;
        ctx.textAlign = right ? 'left' : 'right';
        ctx.fillText(mark.label, right ? at + 4 : at - 4, area.top + 11 + 13 * row);
        ctx.restore();
      });
    },
  };

  // Intervals of bars.
  const whiskers = {
    id: 'whiskers',
    afterDatasetsDraw(chart) {
      const {ctx, scales: {x}} = chart;
      chart.data.datasets.forEach((dataset, index) => {
        if (!chart.isDatasetVisible(index)) return;
        chart.getDatasetMeta(index).data.forEach((bar, i) => {
          const value = dataset.values[i];
          if (!value || value.low === undefined) return;
          const y = bar.y, low = x.getPixelForValue(value.low), high = x.getPixelForValue(value.high);
          ctx.save();
          ctx.strokeStyle = colour('ink');
          ctx.lineWidth = 1.5;
          ctx.beginPath();
          ctx.moveTo(low, y);
          ctx.lineTo(high, y);
          for (const end of [low, high]) {
            ctx.moveTo(end, y - 4);
            ctx.lineTo(end, y + 4);
          }
          ctx.stroke();
          ctx.restore();
        });
      });
    },
  };

  // --- from the data to the library's terms -----------------------------------------------------------------------

  const at = (chart, key, series) => series.values.map((value, i) =>
    ({x: Math.log2(chart.categories[i].x), y: value && value[key] !== undefined ? value[key] : NaN, i}));
  const drawable = (points) => points.filter((point) => !Number.isNaN(point.y));

  // A line, and the band of its interval: two lines without ink, the second filled down to the first.
  function lineDatasets(chart) {
    return chart.series.flatMap((series) => {
      const ink = colour('transports-' + series.style % colours);
      const bound = {name: series.name, band: true, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, fill: false};
      const line = {
        name: series.name, label: series.name + (series.secondary ? ', 99th percentile' : ''), values: series.values,
        data: drawable(at(chart, 'value', series)), borderColor: series.secondary ? faded(ink, 0.55) : ink,
        backgroundColor: ink, borderWidth: series.secondary ? 1.25 : 2,
        borderDash: series.secondary ? [3, 3] : series.style < colours ? [] : [7, 3],
        pointStyle: shapes[(series.style + Math.floor(series.style / colours) * 3) % shapes.length],
        pointBorderColor: ink, pointRadius: series.secondary ? 2 : 4, pointHoverRadius: 6, tension: 0,
      };
      if (series.secondary) return [line];
      return [line, {...bound, data: drawable(at(chart, 'low', series))},
        {...bound, data: drawable(at(chart, 'high', series)), fill: '-1', backgroundColor: faded(ink, 0.16)}];
    });
  }

  function barDatasets(group, chart) {
    const alone = chart.kind === 'bars' && chart.categories.length === 1;
    return chart.series.map((series, row) => {
      const ink = colour(`${group.palette}-${group.palette === 'transports' ? series.style % colours : series.style}`);
      const values = alone ? chart.series.map((_, i) => (i === row ? series.values[0] : null)) : series.values;
      return {
        name: series.name, label: series.name, values, data: values.map((value) => (value ? value.value : null)),
        backgroundColor: chart.kind === 'stacks' ? ink : faded(ink, 0.85), borderColor: colour('paper'),
        borderWidth: chart.kind === 'stacks' ? 1 : 0, grouped: !alone, maxBarThickness: 26,
        barPercentage: 0.9, categoryPercentage: 0.8,
      };
    });
  }

  const barLabels = (chart) => (chart.kind === 'bars' && chart.categories.length === 1 ?
    chart.series.map((series) => series.name) : chart.categories.map((category) => category.label));

  const grid = () => ({color: colour('grid'), borderColor: colour('line')});

  function valueScale(chart) {
    const oneTwoFive = (value) => (/^[125]/.test(value.toExponential()) ? shortNumber(value) : '');
    const cut = chart.series.some((series) => series.values.some((value) => value && value.high > chart.greatest));
    const step = 10 ** Math.floor(Math.log10(chart.greatest)) / 2;
    const end = cut ? {max: Math.ceil(chart.greatest / step) * step} : {suggestedMax: chart.greatest || undefined};
    const callback = chart.logarithmic ? oneTwoFive : shortNumber;
    return {
      type: chart.logarithmic ? 'logarithmic' : 'linear', beginAtZero: true, ...end,
      suggestedMin: chart.logarithmic ? chart.least : undefined, grid: grid(),
      ticks: {color: colour('faint'), callback, maxTicksLimit: 7, maxRotation: 0},
    };
  }

  function sizeScale(chart) {
    const xs = chart.categories.map((category) => Math.log2(category.x));
    const pad = Math.max((Math.max(...xs) - Math.min(...xs)) * 0.04, 0.25);
    return {
      type: 'linear', min: Math.min(...xs) - pad, max: Math.max(...xs) + pad, grid: grid(),
      afterBuildTicks: (axis) => { axis.ticks = xs.map((value) => ({value})); },
      ticks: {color: colour('faint'), autoSkip: true, autoSkipPadding: 10, maxRotation: 0,
        callback: (value) => chart.categories[xs.indexOf(value)]?.label.split(',')[0] ?? ''},
    };
  }

  const tooltip = (chart) => ({
    backgroundColor: colour('ink'), titleColor: colour('paper'), bodyColor: colour('paper'), padding: 10,
    usePointStyle: true, boxPadding: 4, filter: (item) => !item.dataset.band && item.raw !== null,
    callbacks: {
      title: (items) => (!items.length ? '' : chart.kind === 'lines' ?
        chart.categories[items[0].raw.i].label : items[0].label),
      label: (item) => {
        const value = item.dataset.values[chart.kind === 'lines' ? item.raw.i : item.dataIndex];
        return `${item.dataset.label}: ${value.text}${chart.kind === 'stacks' ? '' : ' ' + chart.unit}`;
      },
    },
  });

  function options(chart) {
    const lines = chart.kind === 'lines', stacked = chart.kind === 'stacks';
    const ticks = {color: colour('ink'), autoSkip: false};
    const labels = {grid: {display: false, borderColor: colour('line')}, stacked, ticks};
    return {
      responsive: true, maintainAspectRatio: false, animation: false,
      events: ['mousemove', 'mouseout', 'click', 'touchstart'],
      indexAxis: lines ? 'x' : 'y',
      interaction: {mode: lines ? 'nearest' : 'index', axis: lines ? 'x' : 'y', intersect: false},
      scales: lines ? {x: sizeScale(chart), y: valueScale(chart)} : {x: {...valueScale(chart), stacked}, y: labels},
      plugins: {legend: {display: false}, tooltip: tooltip(chart)},
    };
  }

  function draw(group, chart) {
    const canvas = document.getElementById(chart.id), lines = chart.kind === 'lines';
    const datasets = lines ? lineDatasets(chart) : barDatasets(group, chart);
    if (!lines) {
      const rows = chart.kind === 'bars' && chart.categories.length > 1 ?
        chart.categories.length * (chart.series.length + 0.6) : barLabels(chart).length * 1.15;
      canvas.parentElement.style.height = `${3 + (chart.kind === 'stacks' ? 1.45 : 1.7) * rows}rem`;
    }
    const visibleMarks = () => chart.marks.filter((mark) => !hidden.get(group.id).has(mark.series));
    const plugin = lines ? crossovers : chart.kind === 'bars' ? whiskers : {id: 'none'};
    const context = {id: 'context', beforeInit(drawn) { drawn.xover = {visibleMarks}; }};
    const data = {labels: lines ? undefined : barLabels(chart), datasets};
    const type = lines ? 'line' : 'bar';
    const drawn = new Chart(canvas, {type, data, options: options(chart), plugins: [context, plugin]});
    charts.push({group, drawn});
  }

  function showHidden({group, drawn}) {
    const names = hidden.get(group.id);
    drawn.data.datasets.forEach((dataset, index) => drawn.setDatasetVisibility(index, !names.has(dataset.name)));
    drawn.update();
  }

  // --- theme, legend, print ---------------------------------------------------------------------------------------

  let chosen = '';
  function redraw() {
    root.dataset.theme = printing.matches ? 'light' : chosen || (darkScheme.matches ? 'dark' : 'light');
    charts.forEach(({drawn}) => drawn.destroy());
    charts = [];
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const group of groups) for (const chart of group.charts) draw(group, chart);
    charts.forEach(showHidden);
  }

  document.querySelectorAll('.key').forEach((key) => key.addEventListener('click', () => {
    const group = key.parentElement.dataset.group, names = hidden.get(group), name = key.dataset.series;
    if (!names.delete(name)) names.add(name);
    key.setAttribute('aria-pressed', String(!names.has(name)));
    charts.filter((entry) => entry.group.id === group).forEach(showHidden);
  }));

  const themeButton = document.getElementById('theme');
  themeButton.hidden = false;
  themeButton.addEventListener('click', () => {
    chosen = root.dataset.theme === 'dark' ? 'light' : 'dark';
    redraw();
  });
  darkScheme.addEventListener('change', redraw);
  printing.addEventListener('change', redraw);

  // On paper nothing can be opened any more.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener('afterprint', () => opened.forEach((details) => { details.open = false; }));

  redraw();
})();
