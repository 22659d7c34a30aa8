document.title = "it ran";
