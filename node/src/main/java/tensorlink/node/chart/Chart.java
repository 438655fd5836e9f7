package tensorlink.node.chart;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/**
 * Panels of lines over one common axis, one below the other. Where points go is decided here, so
 * that every form of it looks the same.
 *
 * @param axis what the horizontal axis counts
 */
public record Chart(String title, String axis, List<Panel> panels) {
    private static final int WIDTH = 860;
    private static final int TOP = 46;
    private static final int PANEL_HEIGHT = 250;
    private static final int LEFT = 78;
    private static final int RIGHT = 24;
    private static final int GAP = 56;
    private static final int TICKS = 5;
    private static final int DOTTED_POINTS_MAX = 80;

    public Chart {
        panels = List.copyOf(panels);
    }

    public record Point(double x, double y) {}

    /** A line; points that are not finite are left out. */
    public record Series(String name, List<Point> points) {
        public Series {
            points =
                    points.stream()
                            .filter(it -> Double.isFinite(it.x()) && Double.isFinite(it.y()))
                            .toList();
        }
    }

    /** Lines that share an axis. */
    public record Panel(List<Series> series) {
        public Panel {
            series = List.copyOf(series);
        }
    }

    /** The values along one axis. */
    record Range(double least, double most) {
        static Range of(List<Double> values) {
            double least = Double.POSITIVE_INFINITY;
            double most = Double.NEGATIVE_INFINITY;
            for (double value : values) {
                least = Math.min(least, value);
                most = Math.max(most, value);
            }
            if (least > most) {
                return new Range(0, 1);
            }
            double margin = least == most ? Math.max(Math.abs(least) * 0.1, 1e-9) : 0;
            return new Range(least - margin, most + margin);
        }

        double share(double value) {
            return (value - least) / (most - least);
        }

        /** Round numbers within the range: 1, 2 or 5 times a power of ten apart. */
        List<Double> ticks(int about) {
            double rough = (most - least) / about;
            double power = Math.pow(10, Math.floor(Math.log10(rough)));
            double step = power * (rough / power >= 5 ? 5 : rough / power >= 2 ? 2 : 1);
            var ticks = new ArrayList<Double>();
            long last = (long) Math.floor(most / step + 1e-9);
            for (long i = (long) Math.ceil(least / step - 1e-9); i <= last; i++) {
                ticks.add(i * step);
            }
            return ticks;
        }
    }

    public int width() {
        return WIDTH;
    }

    public int height() {
        return TOP + panels.size() * (PANEL_HEIGHT + GAP);
    }

    void drawOn(Canvas canvas) {
        canvas.text(new Point(LEFT, 22), title, Canvas.Anchor.START, Canvas.Ink.TEXT);
        var across = new ArrayList<Double>();
        for (var panel : panels) {
            panel.series().forEach(line -> line.points().forEach(it -> across.add(it.x())));
        }
        int top = TOP;
        for (var panel : panels) {
            new Frame(canvas, panel, Range.of(across), top).draw(axis);
            top += PANEL_HEIGHT + GAP;
        }
    }

    /** One panel on its place. */
    private record Frame(Canvas canvas, Panel panel, Range across, Range up, int top) {
        Frame(Canvas canvas, Panel panel, Range across, int top) {
            this(canvas, panel, across, upOf(panel), top);
        }

        private static Range upOf(Panel panel) {
            var values = new ArrayList<Double>();
            panel.series().forEach(line -> line.points().forEach(it -> values.add(it.y())));
            return Range.of(values);
        }

        private Point place(double x, double y) {
            return new Point(
                    LEFT + across.share(x) * (WIDTH - LEFT - RIGHT),
                    top + (1 - up.share(y)) * PANEL_HEIGHT);
        }

        void draw(String axis) {
            for (double tick : up.ticks(TICKS)) {
                var left = place(across.least(), tick);
                canvas.line(List.of(left, place(across.most(), tick)), Canvas.Ink.GRID, 1);
                canvas.text(
                        new Point(left.x() - 6, left.y() + 4),
                        shown(tick),
                        Canvas.Anchor.END,
                        Canvas.Ink.TEXT);
            }
            for (double tick : across.ticks(TICKS + 3)) {
                var bottom = place(tick, up.least());
                canvas.line(List.of(bottom, place(tick, up.most())), Canvas.Ink.GRID, 1);
                canvas.text(
                        new Point(bottom.x(), bottom.y() + 16),
                        shown(tick),
                        Canvas.Anchor.MIDDLE,
                        Canvas.Ink.TEXT);
            }
            canvas.text(
                    new Point(WIDTH - RIGHT, top + PANEL_HEIGHT + 32.0),
                    axis,
                    Canvas.Anchor.END,
                    Canvas.Ink.TEXT);
            double legend = LEFT;
            for (int i = 0; i < panel.series().size(); i++) {
                var series = panel.series().get(i);
                var ink = Canvas.Ink.ofSeries(i);
                lines(series, ink);
                canvas.text(new Point(legend, top - 6.0), series.name(), Canvas.Anchor.START, ink);
                legend += 9.0 * series.name().length() + 16;
            }
        }

        private void lines(Series series, Canvas.Ink ink) {
            var places = series.points().stream().map(it -> place(it.x(), it.y())).toList();
            if (places.size() > 1) {
                canvas.line(places, ink, 1.6);
            }
            if (places.size() <= DOTTED_POINTS_MAX) {
                places.forEach(it -> canvas.dot(it, ink, 2.4));
            }
        }
    }

    /** A number in six digits, without zeros that say nothing. */
    static String shown(double value) {
        var rounded = new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros();
        double size = Math.abs(value);
        return size != 0 && (size < 1e-4 || size >= 1e9)
                ? rounded.toString()
                : rounded.toPlainString();
    }

    /** As a text that any browser shows. */
    public String svg() {
        return SvgCanvas.draw(this);
    }

    /**
     * As an image.
     *
     * @throws IOException when this machine has no fonts to write with
     */
    public byte[] png() throws IOException {
        return PngCanvas.draw(this);
    }
}
