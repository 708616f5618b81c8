/* Tables, tabs and folds of Data Docs, in place of the libraries that the pages ask for. */
function $(what) {
  return {
    ready() {},
    on() {},
    bootstrapTable(options) {
      const table = document.querySelector(what);
      if (!table || typeof options !== "object") return;
      const rows = [...options.data].sort((a, b) => (b._run_time_sort || 0) - (a._run_time_sort || 0));
      const columns = options.columns.filter((c) => c.field !== "batch_identifier");
      const head = table.createTHead().insertRow();
      for (const column of columns) head.appendChild(document.createElement("th")).textContent = column.title;
      const body = table.createTBody();
      for (const row of rows) {
        const line = body.insertRow();
        columns.forEach((column, n) => {
          const cell = line.insertCell();
          cell.innerHTML = row[column.field] ?? "";
          if (column.field === "validation_success") cell.append(" " + (row._validation_success_text || ""));
          if ((n === 0 || column.field === "run_time") && row._table_row_link_path) {
            const link = document.createElement("a");
            link.href = row._table_row_link_path;
            link.append(...cell.childNodes);
            cell.append(link);
          }
        });
      }
    },
  };
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-toggle]");
  const pane = link && document.getElementById((link.getAttribute("href") || link.dataset.target || "").slice(1));
  if (!pane) return;
  event.preventDefault();
  if (link.dataset.toggle === "collapse") return pane.classList.toggle("show");
  for (const other of pane.parentNode.children) other.classList.toggle("active", other === pane);
  for (const other of link.closest(".nav").querySelectorAll(".nav-link")) other.classList.toggle("active", other === link);
});
