package tensorlink.node.chart;

import java.util.List;

/** What a chart is drawn on; places are in pixels from the upper left. */
interface Canvas {

    /** The few colours there are. */
    enum Ink {
        TEXT(0x333333),
        GRID(0xDDDDDD),
        FIRST(0x1F77B4),
        SECOND(0xD95F02),
        THIRD(0x2CA02C),
        FOURTH(0x9467BD);

        private final int rgb;

        Ink(int rgb) {
            this.rgb = rgb;
        }

        int rgb() {
            return rgb;
        }

        /** Of the series with this number. */
        static Ink ofSeries(int number) {
            var inks = List.of(FIRST, SECOND, THIRD, FOURTH);
            return inks.get(number % inks.size());
        }
    }

    /** Where a text has its place. */
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    /** A line through at least two points. */
    void line(List<Chart.Point> points, Ink ink, double width);

    void dot(Chart.Point center, Ink ink, double radius);

    /**
     * A text on one line.
     *
     * @param at on the line that the letters stand on
     */
    void text(Chart.Point at, String text, Anchor anchor, Ink ink);
}
