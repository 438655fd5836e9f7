package tensorlink.node.chart;

import java.util.List;
import java.util.Locale;

/** Writes SVG. */
final class SvgCanvas implements Canvas {
    private final StringBuilder svg = new StringBuilder();

    private SvgCanvas() {}

    static String draw(Chart chart) {
        var canvas = new SvgCanvas();
        chart.drawOn(canvas);
        return String.format(
                        Locale.ROOT,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                                + " font-family=\"sans-serif\" font-size=\"12\">%n"
                                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
                        chart.width(),
                        chart.height())
                + canvas.svg
                + "</svg>\n";
    }

    /** A number of pixels, as an attribute's value. */
    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private SvgCanvas attribute(String name, String value) {
        svg.append(' ').append(name).append("=\"").append(value).append('"');
        return this;
    }

    private SvgCanvas element(String name) {
        svg.append('<').append(name);
        return this;
    }

    private static String color(Ink ink) {
        return String.format(Locale.ROOT, "#%06x", ink.rgb());
    }

    @Override
    public void line(List<Chart.Point> points, Ink ink, double width) {
        var places = new StringBuilder();
        for (var point : points) {
            places.append(number(point.x())).append(',').append(number(point.y())).append(' ');
        }
        element("polyline")
                .attribute("points", places.toString().strip())
                .attribute("fill", "none")
                .attribute("stroke", color(ink))
                .attribute("stroke-width", number(width));
        svg.append("/>\n");
    }

    @Override
    public void dot(Chart.Point center, Ink ink, double radius) {
        element("circle")
                .attribute("cx", number(center.x()))
                .attribute("cy", number(center.y()))
                .attribute("r", number(radius))
                .attribute("fill", color(ink));
        svg.append("/>\n");
    }

    @Override
    public void text(Chart.Point at, String text, Anchor anchor, Ink ink) {
        element("text")
                .attribute("x", number(at.x()))
                .attribute("y", number(at.y()))
                .attribute("text-anchor", anchor.name().toLowerCase(Locale.ROOT))
                .attribute("fill", color(ink));
        svg.append('>').append(escaped(text)).append("</text>\n");
    }

    /** Titles have the names of folders in them, and metrics names from a file. */
    private static String escaped(String text) {
        return text.replaceAll("\\p{Cntrl}", " ")
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;");
    }
}
