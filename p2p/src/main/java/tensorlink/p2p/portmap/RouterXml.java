package tensorlink.p2p.portmap;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Reads the documents of routers. One with a document type is refused, so there are no entities and
 * nothing is fetched; length and depth are bounded.
 */
final class RouterXml {
    static final int BYTES_MAX = 64 << 10;

    private static final int DEPTH_MAX = 32;

    private RouterXml() {}

    /**
     * Reads a document.
     *
     * @param what people call it
     * @return its root
     */
    static Element parse(String what, byte[] document) throws ProtocolViolation {
        if (document.length > BYTES_MAX) {
            throw new ProtocolViolation(
                    "upnp: %s of %d bytes, at most %d".formatted(what, document.length, BYTES_MAX));
        }
        try {
            return builder().parse(new ByteArrayInputStream(document)).getDocumentElement();
        } catch (SAXParseException malformed) {
            throw new ProtocolViolation(
                    "upnp: %s is refused in line %d".formatted(what, malformed.getLineNumber()),
                    malformed);
        } catch (SAXException | IOException malformed) {
            throw new ProtocolViolation("upnp: %s is not XML".formatted(what), malformed);
        }
    }

    private static DocumentBuilder builder() {
        var factory = DocumentBuilderFactory.newDefaultInstance();
        try {
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_DTD, "");
            factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
            factory.setAttribute("jdk.xml.maxElementDepth", Integer.toString(DEPTH_MAX));
            factory.setExpandEntityReferences(false);
            factory.setXIncludeAware(false);
            factory.setNamespaceAware(true);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(new Strict());
            return builder;
        } catch (ParserConfigurationException impossible) {
            throw new IllegalStateException("the JDK's XML parser has changed", impossible);
        }
    }

    /** Elements inside {@code root} of this name, whatever their namespace, in their order. */
    static List<Element> all(Element root, String name) {
        var found = new ArrayList<Element>();
        var nodes = root.getElementsByTagNameNS("*", name);
        for (int i = 0; i < nodes.getLength(); i++) {
            found.add((Element) nodes.item(i));
        }
        return found;
    }

    static Optional<Element> first(Element root, String name) {
        return all(root, name).stream().findFirst();
    }

    /** The text of the first element of this name; empty when there is none. */
    static String text(Element root, String name) {
        return first(root, name).map(it -> it.getTextContent().strip()).orElse("");
    }

    /** The default one prints. */
    private static final class Strict implements ErrorHandler {
        @Override
        public void warning(SAXParseException harmless) {}

        @Override
        public void error(SAXParseException invalid) throws SAXException {
            throw invalid;
        }

        @Override
        public void fatalError(SAXParseException malformed) throws SAXException {
            throw malformed;
        }
    }
}
