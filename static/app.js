// The client page: opens the ticker and lists what it says.
const list = document.getElementById("log");
const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/");

socket.onmessage = ({ data }) => {
  const item = document.createElement("li");
  item.textContent = data;
  list.append(item);
  socket.send(`client: ${data}`);
};
