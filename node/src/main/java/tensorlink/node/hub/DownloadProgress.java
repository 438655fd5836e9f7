package tensorlink.node.hub;

/** Is told how far a file has come. */
@FunctionalInterface
public interface DownloadProgress {

    /**
     * After each piece.
     *
     * @param file its name
     * @param bytes that are here
     * @param size of all of it
     */
    void reached(String file, long bytes, long size);
}
