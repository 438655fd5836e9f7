package tensorlink.dht;

import java.io.IOException;

/**
 * No bootstrap peer answered; the message says for each why. The DHT goes on trying in the
 * background.
 */
public final class BootstrapException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient BootstrapReport report;

    public BootstrapException(BootstrapReport report) {
        super(report.toString());
        this.report = report;
        for (var failure : report.failures()) {
            addSuppressed(failure.cause());
        }
    }

    public BootstrapReport report() {
        return report;
    }
}
