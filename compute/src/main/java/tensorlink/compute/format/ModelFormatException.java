package tensorlink.compute.format;

import java.io.IOException;

/** A file of a model is malformed, or its parts do not fit together. Nothing was loaded. */
public final class ModelFormatException extends IOException {
    private static final long serialVersionUID = 1;

    private final String source;

    /**
     * @param source the file, or the file and what in it
     * @param reason what was expected and what was found
     */
    public ModelFormatException(String source, String reason) {
        super(source + ": " + reason);
        this.source = source;
    }

    public String source() {
        return source;
    }
}
