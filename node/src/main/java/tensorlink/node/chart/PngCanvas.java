package tensorlink.node.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;

/** Paints an image, on machines without a screen too. */
final class PngCanvas implements Canvas {
    private static final int SCALE = 2;

    private final Graphics2D graphics;

    private PngCanvas(Graphics2D graphics) {
        this.graphics = graphics;
    }

    static byte[] draw(Chart chart) throws IOException {
        System.setProperty("java.awt.headless", "true");
        var image =
                new BufferedImage(
                        chart.width() * SCALE, chart.height() * SCALE, BufferedImage.TYPE_INT_RGB);
        var graphics = image.createGraphics();
        try {
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
            graphics.scale(SCALE, SCALE);
            graphics.setRenderingHint(
                    RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
            requireFonts(graphics);
            chart.drawOn(new PngCanvas(graphics));
        } finally {
            graphics.dispose();
        }
        var bytes = new ByteArrayOutputStream();
        ImageIO.setUseCache(false);
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    /** The JDK brings no fonts, and fails of their absence in several ways. */
    private static void requireFonts(Graphics2D graphics) throws IOException {
        try {
            graphics.getFontMetrics().stringWidth("0");
        } catch (RuntimeException | LinkageError | InternalError none) {
            throw new IOException(
                    "no image can be drawn: this machine has no fonts (" + none.getMessage() + ")",
                    none);
        }
    }

    @Override
    public void line(List<Chart.Point> points, Ink ink, double width) {
        var path = new Path2D.Double();
        path.moveTo(points.getFirst().x(), points.getFirst().y());
        for (var point : points) {
            path.lineTo(point.x(), point.y());
        }
        graphics.setColor(new Color(ink.rgb()));
        graphics.setStroke(new BasicStroke((float) width));
        graphics.draw(path);
    }

    @Override
    public void dot(Chart.Point center, Ink ink, double radius) {
        graphics.setColor(new Color(ink.rgb()));
        graphics.fill(
                new Ellipse2D.Double(
                        center.x() - radius, center.y() - radius, 2 * radius, 2 * radius));
    }

    @Override
    public void text(Chart.Point at, String text, Anchor anchor, Ink ink) {
        int width = graphics.getFontMetrics().stringWidth(text);
        double x =
                switch (anchor) {
                    case START -> at.x();
                    case MIDDLE -> at.x() - width / 2.0;
                    case END -> at.x() - width;
                };
        graphics.setColor(new Color(ink.rgb()));
        graphics.drawString(text, (float) x, (float) at.y());
    }
}
