package tensorlink.node.hub;

/**
 * A jar in a Maven repository.
 *
 * @param classifier empty for none
 * @param size in bytes
 * @param sha1 of the content, in hexadecimal
 */
public record MavenLibrary(
        String group, String artifact, String version, String classifier, long size, String sha1) {

    /** What it is called, there and here. */
    public String fileName() {
        return artifact + "-" + version + (classifier.isEmpty() ? "" : "-" + classifier) + ".jar";
    }

    /** Where it is, from the root of the repository. */
    public String path() {
        return group.replace('.', '/') + "/" + artifact + "/" + version + "/" + fileName();
    }
}
