//! The page's style sheet.

use crate::report::figure::{page_rules, page_variables};

const RULES: &str = "\
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif}
main{max-width:1440px;margin:0 auto;padding:28px 24px 48px}
header{margin-bottom:20px}h1{margin:6px 0 0;font-size:34px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:44px 0 14px;padding-bottom:6px;border-bottom:1px solid var(--rule);font-size:23px;overflow-wrap:anywhere}
h3{margin:26px 0 10px;font-size:17px;overflow-wrap:anywhere}h3 small{font-weight:400;color:var(--muted)}
.card h3{margin:0 0 10px}h4{margin:14px 0 6px;font-size:14px;color:var(--muted)}.card h4:first-child{margin-top:0}.data-line{margin:4px 0 14px;color:var(--muted)}
.verdict{display:inline-block;margin:0;padding:2px 12px;border-radius:99px;font-size:13px;font-weight:600}
.verdict.good{background:var(--good);color:var(--paper)}.verdict.bad{background:var(--s2);color:var(--paper)}.verdict.open{background:var(--open);color:var(--paper)}a.verdict{text-decoration:none}
p.good,p.bad,p.open{margin:0 0 12px;font-weight:600}p.good{color:var(--good)}p.bad{color:var(--s2)}p.open{color:var(--open)}.card p:last-child{margin-bottom:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px}
.tile,.card,figure{background:var(--paper);border:1px solid var(--rule);border-radius:10px}
.tile{padding:14px 16px;display:flex;flex-direction:column}.tile span{color:var(--muted);font-size:13px}.tile strong{font-size:25px;line-height:1.35;font-variant-numeric:tabular-nums}
.card{padding:16px 18px;margin:0 0 14px;min-width:0}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(520px,100%),1fr));gap:14px;align-items:start}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(520px,100%),1fr));gap:14px;margin-bottom:14px}
.figures.wide{grid-template-columns:minmax(0,1080px)}summary{cursor:pointer;padding:8px 0;color:var(--link)}
figure{margin:0;padding:12px 14px 10px;min-width:0}figcaption{margin-top:4px;color:var(--muted);font-size:13px;overflow-wrap:anywhere}
.plot{display:block;width:100%;height:auto}a{color:var(--link)}
.scroll{overflow-x:auto;background:linear-gradient(90deg,var(--paper) 40%,transparent) left/40px 100% no-repeat local,linear-gradient(270deg,var(--paper) 40%,transparent) right/40px 100% no-repeat local,linear-gradient(90deg,var(--edge),transparent) left/12px 100% no-repeat scroll,linear-gradient(270deg,var(--edge),transparent) right/12px 100% no-repeat scroll}
nav ul{margin:16px 0 0;padding:14px 18px;background:var(--paper);border:1px solid var(--rule);border-radius:10px;list-style:none;columns:260px;column-gap:24px}nav li{break-inside:avoid;padding:1px 0;overflow-wrap:anywhere}nav small{color:var(--muted)}
.card ul{margin:0;padding-left:20px}.card li{margin:2px 0;overflow-wrap:anywhere}.note-line.beside{margin:0 0 14px;overflow-wrap:anywhere}section{scroll-margin-top:8px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{padding:4px 7px 6px 0;border-bottom:1.5px solid var(--muted);text-align:left;font-weight:600;font-size:13px;color:var(--muted);vertical-align:bottom}
td{padding:5px 7px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:break-word}td.wrapped{overflow-wrap:anywhere;min-width:280px}th.fixed,td.fixed{white-space:nowrap;font-variant-numeric:tabular-nums}tr:last-child td{border-bottom:0}
th.number,td.number{text-align:right;font-variant-numeric:tabular-nums}td.number{white-space:nowrap}th:last-child,td:last-child{padding-right:0}
tr.aside td{color:var(--muted);font-style:italic}.note-line{margin:10px 0 0;color:var(--muted);font-size:13px}
code{font:13px ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace;overflow-wrap:anywhere}
footer{margin-top:44px;padding-top:12px;border-top:1px solid var(--rule);color:var(--muted);font-size:13px}
@media(max-width:600px){main{padding:18px 12px 32px}h1{font-size:26px}figure{overflow-x:auto}.plot{min-width:560px}}
@media print{body{font-size:11px;background:#fff}main{max-width:none;padding:0 2px}table{font-size:9px}th{font-size:9px}.scroll{overflow:visible;background:none}td.number{white-space:normal}.figures{grid-template-columns:1fr 1fr}.pair{display:block}.tiles{grid-template-columns:repeat(4,1fr)}figure,tr{break-inside:avoid}.card{break-inside:auto}thead{display:table-header-group}h2,h3{break-after:avoid}figcaption a{display:none}}
";

/// The style sheet, with both themes.
pub(super) fn style() -> String {
    let [light, dark] = page_variables();
    let light = format!(
        "{light}--ground:#f4f5f7;--rule:#dfe2e6;--good:#1d7f45;--open:#8f5500;--link:#2b66b1;--edge:#00000026;"
    );
    let dark = format!(
        "{dark}--ground:#0e1013;--rule:#2c3037;--good:#52c07f;--open:#f89c20;--link:#6ba8f5;--edge:#ffffff33;"
    );
    format!(
        ":root{{color-scheme:light dark;{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{RULES}{}\n",
        page_rules()
    )
}
