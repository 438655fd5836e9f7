package tensorlink.node.http;

import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Something that {@link ApiServer} can be asked.
 *
 * @param path such as {@code /api/v1/status}
 */
public record Route(Method method, String path, Answer answer) {
    /** How it is asked: what changes nothing by GET, what makes the node do something by POST. */
    public enum Method {
        GET,
        POST
    }

    /** Answers a question; called on a virtual thread of its own. */
    @FunctionalInterface
    public interface Answer {
        /**
         * Answers with a value that JSON can say.
         *
         * @param question what was posted; missing for GET
         * @throws IllegalArgumentException when the question makes no sense, saying why
         * @throws IOException when the node could not do it, saying why
         */
        Map<String, ?> to(JsonNode question) throws IOException, InterruptedException;
    }

    public static Route get(String path, Supplier<Map<String, ?>> answer) {
        return new Route(Method.GET, path, _ -> answer.get());
    }

    public static Route post(String path, Answer answer) {
        return new Route(Method.POST, path, answer);
    }
}
