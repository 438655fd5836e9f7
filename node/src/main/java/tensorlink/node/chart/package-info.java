/**
 * Charts of lines over steps, drawn as SVG or PNG by the JDK alone. Start reading at {@link
 * tensorlink.node.chart.Chart}.
 */
@NullMarked
package tensorlink.node.chart;

import org.jspecify.annotations.NullMarked;
